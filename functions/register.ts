/**
 * The entry point: every trigger, and nothing else. The application is built at the first invocation, because a
 * worker may be started before its settings are there.
 */
import { app } from '@azure/functions';
import { loadApp } from '../shared/app/index.ts';
import { lazy } from '../shared/lazy.ts';
import { type BlobReference, registerBlobReferences } from './blob-reference.ts';
import { live, ready } from './health.ts';
import { importArchive } from './import-archive.ts';
import { pollUpstreams } from './poll-upstreams.ts';
import { runImport } from './run-import.ts';

const longshore = lazy(loadApp);

app.setup({ enableHttpStream: true });
registerBlobReferences();

app.timer('pollUpstreams', {
  schedule: '%POLL_SCHEDULE%',
  handler: async (_timer, context) => pollUpstreams(await longshore(), context),
});

app.serviceBusQueue('runImport', {
  connection: 'ServiceBus',
  queueName: '%IMPORTS_QUEUE%',
  handler: (message, context) => runImport(longshore, message, context),
});

app.storageBlob('importArchive', {
  connection: 'AzureWebJobsStorage',
  path: '%TRANSFER_CONTAINER%/{name}',
  source: 'EventGrid',
  sdkBinding: true,
  handler: (blob, context) => importArchive(longshore, blob as BlobReference, context),
});

app.http('live', {
  route: 'health/live',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: live,
});

app.http('ready', {
  route: 'health/ready',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: (_request, context) => ready(longshore, context),
});

app.hook.appTerminate(async () => {
  const built = await longshore.peek()?.catch(() => undefined);
  await built?.close();
});
