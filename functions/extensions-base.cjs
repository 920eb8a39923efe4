// The package comes as an ES module and as CommonJS, each with its own registry. @azure/functions requires the
// CommonJS one, so that is where factories must be registered; an `import` would get the other.
module.exports = require('@azure/functions-extensions-base');
