import type { InvocationContext } from '@azure/functions';
import { describe, expect, it } from 'vitest';
import { contextLogger } from '../../../functions/context-logger.ts';
import {
  followNotifications,
  pollContainers,
  pollUpstreams,
  pollWatches,
  pruneRecords,
  resendMissing,
  sweepDeadLetters,
} from '../../../functions/timers.ts';
import type { WatchReport } from '../../../shared/mirror/index.ts';
import { createApp, createInvocation } from './invocation.ts';

const callOf = (context: InvocationContext) => ({
  logger: contextLogger(context),
  signal: new AbortController().signal,
});

const QUIET: WatchReport = {
  watch: 'node',
  selected: ['22', '24'],
  requests: { listings: 1, heads: 2, target: 0 },
  queued: [],
  moved: [],
  unchanged: 2,
  gone: [],
  unmatched: [],
  disagreements: [],
  errors: [],
};

describe('polling upstreams', () => {
  it('logs what each watch came to, and each of its errors, with the facts as fields', async () => {
    const { context, lines } = createInvocation();
    const failing: WatchReport = {
      ...QUIET,
      watch: 'python',
      selected: ['3.13'],
      unchanged: 0,
      gone: ['3.12'],
      errors: [{ code: 'E_RATE_LIMITED', message: 'too many requests', tag: '3.13' }],
    };
    await pollUpstreams(
      createApp({ poll: async () => ({ watches: [QUIET, failing], notDue: ['charts'] }) }),
      context,
    );
    expect(lines).toEqual([
      'information watch polled {"watch":"node","selected":2,"queued":0,"unchanged":2,"gone":0,"errors":0}',
      'information watch polled {"watch":"python","selected":1,"queued":0,"unchanged":0,"gone":1,"errors":1}',
      'warning watch has an error {"watch":"python","code":"E_RATE_LIMITED","message":"too many requests","tag":"3.13"}',
    ]);
  });

  it('gives the poll a logger that writes to the invocation, at every level', async () => {
    const { context, lines } = createInvocation();
    const app = createApp({
      poll: async ({ logger } = {}) => {
        logger?.debug('one');
        logger?.info('two', { count: 2, nothing: undefined });
        logger?.warn('three', {});
        logger?.error('four');
        return { watches: [], notDue: [] };
      },
    });
    await pollUpstreams(app, context);
    expect(lines).toEqual(['debug one', 'information two {"count":2}', 'warning three {}', 'error four']);
  });

  it('lets a failure of the whole poll through, so that the host sees it', async () => {
    const app = createApp({ poll: () => Promise.reject(new Error('tables are gone')) });
    await expect(pollUpstreams(app, createInvocation().context)).rejects.toThrow('tables are gone');
  });
});

describe('the worker of polls that were handed over', () => {
  it('polls what the message names and logs what that came to', async () => {
    const { context, lines } = createInvocation();
    const bodies: unknown[] = [];
    const app = createApp({
      async pollWatches(body) {
        bodies.push(body);
        return { watches: [], notDue: ['node'] };
      },
    });
    await pollWatches(app, { id: 'a', watches: ['node'] }, callOf(context));
    expect(bodies).toEqual([{ id: 'a', watches: ['node'] }]);
    expect(lines).toEqual([]);
  });

  it('gives a message back when its watches could not be polled', async () => {
    const app = createApp({ pollWatches: () => Promise.reject(new Error('tables are gone')) });
    await expect(pollWatches(app, {}, callOf(createInvocation().context))).rejects.toThrow('tables are gone');
  });
});

it('logs what the broker gave up, and what stays there', async () => {
  const { context, lines } = createInvocation();
  const error = { code: 'E_NETWORK', message: 'reset' };
  const app = createApp({
    sweepDeadLetters: async () => [
      { queue: 'imports', swept: 3, kept: 1, error },
      { queue: 'polls', swept: 2, kept: 0 },
      { queue: 'transfers', swept: 0, kept: 0 },
    ],
  });
  await sweepDeadLetters(app, context);
  expect(lines).toEqual([
    'error dead letters cannot be swept {"queue":"imports","swept":3,"kept":1,"code":"E_NETWORK","message":"reset"}',
    'warning dead letters swept {"queue":"polls","swept":2,"kept":0}',
  ]);
});

it('logs what was sent again because its message was missing', async () => {
  const { context, lines } = createInvocation();
  const app = createApp({
    resendMissing: async () => [
      { queue: 'imports', overdue: 3, resent: 2, isComplete: true },
      { queue: 'transfers', overdue: 0, resent: 0, isComplete: true },
    ],
  });
  await resendMissing(app, context);
  expect(lines).toEqual([
    'warning missing messages sent again {"queue":"imports","overdue":3,"resent":2,"isComplete":true}',
  ]);
});

describe('pruning records', () => {
  it('logs what came of each table, with the facts as fields', async () => {
    const { context, lines } = createInvocation();
    const error = { code: 'E_TIMEOUT', message: 'Table blobs did not answer within 30 s.' };
    const app = createApp({
      prune: async () => [
        { name: 'jobs', examined: 12, removed: 5, isComplete: true },
        { name: 'blobs', examined: 64, removed: 3, isComplete: false, error },
      ],
    });
    await pruneRecords(app, context);
    expect(lines).toEqual([
      'information records pruned {"records":"jobs","examined":12,"removed":5,"isComplete":true}',
      'error records cannot be pruned {"records":"blobs","examined":64,"removed":3,"isComplete":false,"code":"E_TIMEOUT","message":"Table blobs did not answer within 30 s."}',
    ]);
  });
});

describe('the other timers', () => {
  const call = { logger: expect.anything(), signal: expect.any(AbortSignal) };

  it('look for archives in containers with a logger and a time limit', async () => {
    const calls: unknown[] = [];
    const app = createApp({ pollContainers: async (given) => void calls.push(given) });
    await pollContainers(app, createInvocation().context);
    expect(calls).toEqual([call]);
  });

  it('follow waiting notifications with a logger and a time limit', async () => {
    const calls: unknown[] = [];
    const followWaiting = async (given: unknown) => {
      calls.push(given);
      return [];
    };
    const unused = () => {
      throw new Error('not expected');
    };
    const app = createApp({ webhooks: { receive: unused, states: unused, followWaiting } });
    await followNotifications(app, createInvocation().context);
    expect(calls).toEqual([call]);
  });

  it('let a failure through, so that the host sees it', async () => {
    const app = createApp({ pollContainers: () => Promise.reject(new Error('tables are gone')) });
    await expect(pollContainers(app, createInvocation().context)).rejects.toThrow('tables are gone');
  });
});
