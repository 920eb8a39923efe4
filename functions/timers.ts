/** What the timers run, and the worker of the queue `polls`, which does what `pollUpstreams` hands over. */
import type { InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/index.ts';
import type { PollReport } from '../shared/mirror/index.ts';
import type { Logger } from '../shared/telemetry/index.ts';
import { contextLogger } from './context-logger.ts';
import { type Call, withinTimeLimit } from './time-limit.ts';

/**
 * Polls all watches that are due and queues imports of what changed upstream. What is too much for one invocation goes to
 * the queue `polls`. A watch that fails is logged and polled again when it is next due; the others continue.
 */
export async function pollUpstreams(app: App, context: InvocationContext): Promise<void> {
  const report = await withinTimeLimit(context, (call) => app.poll(call));
  logPolls(report, contextLogger(context));
}

/**
 * Queue worker: polls the watches of one message. Throwing gives the message back; watches that were polled by then
 * are no longer due. A lost message costs nothing: the timer finds its watches still due.
 */
export async function pollWatches(app: App, message: unknown, { logger, signal }: Call): Promise<void> {
  logPolls(await app.pollWatches(message, { signal }), logger);
}

/** Looks for archives in the containers of import pipelines that no blob trigger listens to. */
export async function pollContainers(app: App, context: InvocationContext): Promise<void> {
  await withinTimeLimit(context, (call) => app.pollContainers(call));
}

/** Polls tags that webhook notifications named, where that was not possible on arrival: too many, or no answer. */
export async function followNotifications(app: App, context: InvocationContext): Promise<void> {
  await withinTimeLimit(context, (call) => app.webhooks.followWaiting(call));
}

/** Delivers events that a consumer failed to handle, or whose worker died. What still fails is delivered again later. */
export async function deliverEvents(app: App, context: InvocationContext): Promise<void> {
  const report = await withinTimeLimit(context, (call) => app.deliverEvents(call));
  contextLogger(context).info('events delivered', { ...report });
}

/** Takes back what the broker gave up, from its dead-letter queues. What cannot be taken back stays for the next time. */
export async function sweepDeadLetters(app: App, context: InvocationContext): Promise<void> {
  const reports = await withinTimeLimit(context, (call) => app.sweepDeadLetters(call));
  const logger = contextLogger(context);
  for (const { error, ...report } of reports) {
    if (error) logger.error('dead letters cannot be swept', { ...report, ...error });
    else if (report.swept > 0) logger.warn('dead letters swept', report);
  }
}

/** Sends work again whose message is missing, after a purge of a queue or the loss of a namespace. */
export async function resendMissing(app: App, context: InvocationContext): Promise<void> {
  const reports = await withinTimeLimit(context, (call) => app.resendMissing(call));
  const logger = contextLogger(context);
  for (const { error, ...report } of reports) {
    if (error) logger.error('missing messages cannot be looked for', { ...report, ...error });
    else if (report.resent > 0) logger.warn('missing messages sent again', report);
  }
}

/** Removes expired records. What it does not reach, or what fails, is left for the next day. */
export async function pruneRecords(app: App, context: InvocationContext): Promise<void> {
  const reports = await withinTimeLimit(context, ({ signal }) => app.prune({ signal }));
  const logger = contextLogger(context);
  for (const { name: records, error, ...counts } of reports) {
    if (error) logger.error('records cannot be pruned', { records, ...counts, ...error });
    else logger.info('records pruned', { records, ...counts });
  }
}

/** A line for each watch, and one for each of its errors. */
function logPolls({ watches, handedOver }: PollReport, logger: Logger): void {
  if (handedOver) logger.info('watches handed over to other workers', { watches: handedOver.length });
  for (const { watch, selected, queued, unchanged, gone, errors, health } of watches) {
    logger.info('watch polled', {
      watch,
      selected: selected.length,
      queued: queued.length,
      unchanged,
      gone: gone.length,
      errors: errors.length,
    });
    if (health && health.state !== 'healthy') logger.warn('watch is not healthy', { watch, ...health });
    for (const { code, message, tag, target } of errors) {
      logger.warn('watch has an error', { watch, code, message, tag, target });
    }
  }
}
