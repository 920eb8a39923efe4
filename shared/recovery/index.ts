/** What keeps work from being lost with its message. */
export { locateMessages } from './locate-messages.ts';
export { type MessageState, messageStateOf } from './message-state.ts';
export type * from './ports.ts';
export { type ReconcileReport, resendMissing } from './resend-missing.ts';
export { type SweepReport, sweepDeadLetters } from './sweep-dead-letters.ts';
