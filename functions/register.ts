/**
 * The entry point: every trigger, and nothing else. The application is built at the first invocation, because a
 * worker may be started before its settings are there.
 */
import { app } from '@azure/functions';
import { loadApp } from '../shared/app/index.ts';
import { lazy } from '../shared/memo.ts';
import { type BlobReference, registerBlobReferences } from './blob-reference.ts';
import { live, ready } from './health.ts';
import { metrics } from './metrics.ts';
import { queueWorker } from './queue-worker.ts';
import { receiveWebhook } from './receive-webhook.ts';
import { requestArchiveImport } from './request-archive-import.ts';
import {
  deliverEvents,
  followNotifications,
  pollContainers,
  pollUpstreams,
  pollWatches,
  pruneRecords,
  resendMissing,
  sweepDeadLetters,
} from './timers.ts';

const longshore = lazy(loadApp);

app.setup({ enableHttpStream: true });
registerBlobReferences();

app.timer('pollUpstreams', {
  schedule: '%POLL_SCHEDULE%',
  handler: async (_timer, context) => pollUpstreams(await longshore(), context),
});

app.serviceBusQueue('pollWatches', {
  connection: 'ServiceBus',
  queueName: '%POLLS_QUEUE%',
  handler: queueWorker(longshore, { what: 'poll', run: pollWatches }),
});

app.timer('pollContainers', {
  schedule: '%POLL_SCHEDULE%',
  handler: async (_timer, context) => pollContainers(await longshore(), context),
});

app.timer('followNotifications', {
  schedule: '%POLL_SCHEDULE%',
  handler: async (_timer, context) => followNotifications(await longshore(), context),
});

app.timer('deliverEvents', {
  schedule: '0 */5 * * * *',
  handler: async (_timer, context) => deliverEvents(await longshore(), context),
});

app.timer('sweepDeadLetters', {
  schedule: '%POLL_SCHEDULE%',
  handler: async (_timer, context) => sweepDeadLetters(await longshore(), context),
});

app.timer('resendMissing', {
  schedule: '0 */5 * * * *',
  handler: async (_timer, context) => resendMissing(await longshore(), context),
});

// Once a day, when other timers rarely run.
app.timer('pruneRecords', {
  schedule: '0 17 3 * * *',
  handler: async (_timer, context) => pruneRecords(await longshore(), context),
});

app.serviceBusQueue('runImport', {
  connection: 'ServiceBus',
  queueName: '%IMPORTS_QUEUE%',
  handler: queueWorker(longshore, {
    what: 'import',
    run: (built, message, call) => built.runImport(message, call),
  }),
});

app.serviceBusQueue('runTransfer', {
  connection: 'ServiceBus',
  queueName: '%TRANSFERS_QUEUE%',
  handler: queueWorker(longshore, {
    what: 'transfer',
    run: (built, message, call) => built.runTransfer(message, call),
  }),
});

app.storageBlob('importArchive', {
  connection: 'AzureWebJobsStorage',
  path: '%TRANSFER_CONTAINER%/{name}',
  source: 'EventGrid',
  sdkBinding: true,
  handler: (blob, context) => requestArchiveImport(longshore, blob as BlobReference, context),
});

// `routePrefix` in host.json is empty, because registry clients call `/v2/` without a prefix. So each route names its own.
app.http('receiveWebhook', {
  route: 'api/webhooks/{name}/{secret?}',
  methods: ['POST', 'OPTIONS'],
  authLevel: 'anonymous',
  handler: (request, context) => receiveWebhook(longshore, request, context),
});

app.http('live', {
  route: 'api/health/live',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: live,
});

app.http('ready', {
  route: 'api/health/ready',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: (_request, context) => ready(longshore, context),
});

app.http('metrics', {
  route: 'api/metrics',
  methods: ['GET'],
  authLevel: 'function',
  handler: async () => metrics(await longshore()),
});

app.hook.appTerminate(async () => {
  const built = await longshore.peek()?.catch(() => undefined);
  await built?.close();
});
