import { isSuperseded } from '../ledger/index.ts';
import type { TagGuard } from './guard.ts';

/**
 * A tag never goes back to content that was observed earlier than what was put there. This spares a copy that comes too
 * late; the ledger itself decides once more when it gives the lease.
 */
export const neverBackwards: TagGuard = ({ record, observedAt }) =>
  observedAt !== undefined && observedAt !== 'latest' && isSuperseded(record, { observedAt })
    ? 'superseded'
    : 'allow';
