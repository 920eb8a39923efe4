import { expect, it } from 'vitest';
import { pollUpstreams } from '../../../functions/poll-upstreams.ts';
import type { WatchReport } from '../../../shared/mirror/index.ts';
import { createApp, createInvocation } from './invocation.ts';

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
    createApp({ pollUpstreams: async () => ({ watches: [QUIET, failing], notDue: ['charts'] }) }),
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
    pollUpstreams: async ({ logger } = {}) => {
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
  const app = createApp({ pollUpstreams: () => Promise.reject(new Error('tables are gone')) });
  await expect(pollUpstreams(app, createInvocation().context)).rejects.toThrow('tables are gone');
});
