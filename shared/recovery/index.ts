/** What keeps work from being lost with its message. */
export type * from './ports.ts';
export { type ReconcileReport, resendMissing } from './resend-missing.ts';
export { type SweepReport, sweepDeadLetters } from './sweep-dead-letters.ts';
