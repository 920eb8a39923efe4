import { InvocationContext, type TriggerMetadata } from '@azure/functions';
import type { App } from '../../../shared/app/index.ts';

/** An invocation as the library makes them for tests, and what was logged by it, as `LEVEL message`. */
export function createInvocation(triggerMetadata: TriggerMetadata = {}): {
  readonly context: InvocationContext;
  readonly lines: readonly string[];
} {
  const lines: string[] = [];
  const context = new InvocationContext({
    invocationId: 'i1',
    functionName: 'test',
    triggerMetadata,
    logHandler: (level, ...args) => void lines.push([level, ...args].join(' ')),
  });
  return { context, lines };
}

/** An app that can do what is given, and fails at anything else. */
export function createApp(able: Partial<App>): App {
  const unable = (what: string) => (): never => {
    throw new Error(`${what} was not expected`);
  };
  return {
    poll: unable('poll'),
    pollWatches: unable('pollWatches'),
    runImport: unable('runImport'),
    retryJobs: unable('retryJobs'),
    requestArchiveImport: unable('requestArchiveImport'),
    pollContainers: unable('pollContainers'),
    runTransfer: unable('runTransfer'),
    get transfers() {
      return unable('transfers')();
    },
    get webhooks() {
      return unable('webhooks')();
    },
    get deletions() {
      return unable('deletions')();
    },
    budgets: unable('budgets'),
    pauses: unable('pauses'),
    jobs: unable('jobs'),
    events: unable('events'),
    deliverEvents: unable('deliverEvents'),
    status: unable('status'),
    freshness: unable('freshness'),
    prune: unable('prune'),
    sweepDeadLetters: unable('sweepDeadLetters'),
    resendMissing: unable('resendMissing'),
    ready: unable('ready'),
    diagnose: unable('diagnose'),
    close: unable('close'),
    ...able,
  };
}
