/** When watches are polled, by which worker, and what follows from a poll. */

export { type PollDueWatchesPorts, pollDueWatches, pollStates } from './poll-due-watches.ts';
export { dispatchPolls, type PollQueue, type PollShard, pollShard } from './poll-shards.ts';
export { isPollDue, type PollState, pollStateSchema } from './poll-state.ts';
export { pollTags, type TagHints } from './poll-tags.ts';
export type { PollPorts } from './poll-watch.ts';
export { pollWatch } from './poll-watch.ts';
