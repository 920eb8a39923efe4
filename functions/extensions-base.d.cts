import extensions = require('@azure/functions-extensions-base');
export = extensions;
