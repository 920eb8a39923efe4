/** When watches are polled, by whom, and what is done about what a poll finds. */

export { type PollDueWatchesPorts, pollDueWatches, pollStates } from './poll-due-watches.ts';
export { dispatchPolls, type PollQueue, type PollShard, pollShard } from './poll-shards.ts';
export { isPollDue, type PollState, pollStateSchema } from './poll-state.ts';
export { type PollTagsPorts, pollTags, type TagHints } from './poll-tags.ts';
export { pollWatch } from './poll-watch.ts';
