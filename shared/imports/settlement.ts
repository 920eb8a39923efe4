import { RecordVersionError } from '../errors.ts';
import { type Disposition, dispositionOf } from './disposition.ts';
import { holdDelayMs, MAX_FAILURES, retryDelayMs, slowRetryDelayMs } from './retry-delay.ts';

/** What earlier tries in a row left behind: the part of a record that decides about the next. */
export interface Setbacks {
  /** Failed tries. Waiting, for a limit or a policy, is none. */
  readonly failures: number;
  /** Tries in a row that were denied; each is a failure too. */
  readonly denials: number;
  /** Times in a row that a policy held it. */
  readonly holds: number;
}

/** What becomes of work that did not succeed. */
export type Settlement =
  | { readonly action: 'retry' | 'wait' | 'hold'; readonly at: Date; readonly setbacks: Setbacks }
  | { readonly action: 'dead-letter'; readonly setbacks: Setbacks };

export interface SettlementClock {
  readonly now: Date;
  /** Spreads the times of retries; `Math.random` unless given. */
  readonly random?: (() => number) | undefined;
}

/** Decides, from the kind of failure and what was tried before, when work is tried again, or that it never is. */
export function settle(
  disposition: Disposition,
  before: { readonly [Count in keyof Setbacks]?: number | undefined },
  { now, random }: SettlementClock,
): Settlement {
  const { failures: failed = 0, denials: denied = 0, holds: held = 0 } = before;
  const after = (ms: number) => new Date(now.getTime() + ms);
  switch (disposition.action) {
    case 'wait': {
      const setbacks = { failures: failed, denials: 0, holds: 0 };
      return { action: 'wait', at: after(disposition.afterMs), setbacks };
    }
    case 'hold': {
      const holds = held + 1;
      const setbacks = { failures: failed, denials: 0, holds };
      return { action: 'hold', at: after(disposition.afterMs ?? holdDelayMs(holds, random)), setbacks };
    }
    case 'retry': {
      const failures = failed + 1;
      const setbacks = { failures, denials: 0, holds: 0 };
      if (failures >= MAX_FAILURES) return { action: 'dead-letter', setbacks };
      return { action: 'retry', at: after(retryDelayMs(failures, random)), setbacks };
    }
    case 'dead-letter': {
      const { slowTries = 0 } = disposition;
      const failures = failed + 1;
      const denials = slowTries > 0 ? denied + 1 : 0;
      const setbacks = { failures, denials, holds: 0 };
      if (failures >= MAX_FAILURES || denials === 0 || denials > slowTries)
        return { action: 'dead-letter', setbacks };
      return { action: 'retry', at: after(slowRetryDelayMs(random)), setbacks };
    }
  }
}

/** What a settlement is written to. Each step resolves once it is durable. */
export interface SettledWork {
  /** Whether the work is still to be done; another worker with the same message may have ended it. */
  readonly isOpen: () => Promise<boolean>;
  /** Puts the work where a person looks for what cannot succeed. */
  readonly deadLetter: () => Promise<void>;
  /** Writes down that it failed for good. */
  readonly recordEnd: (setbacks: Setbacks) => Promise<unknown>;
  /** Writes down what it waits for. Whether it is still to be done. */
  readonly recordDeferral: (settlement: Deferral) => Promise<boolean>;
  /** Sends the work so that it is seen at that time. */
  readonly sendAt: (at: Date) => Promise<void>;
}

export type Deferral = Exclude<Settlement, { readonly action: 'dead-letter' }>;

/**
 * Does what was decided, in the one order in which a crash between two writes is repaired by the redelivery of the
 * message:
 *
 * - the dead letter before the record. The other way round a redelivery finds a failed record, begins anew with no
 *   failures counted, and until it gives up again the dead letter is missing. This way it fails once more, as often as it
 *   did, and there are two dead letters at worst.
 * - the record before the new message. The other way round there are two messages. This way the old one is delivered
 *   again, early, with its failures counted.
 *
 * @returns whether it was written; `false`: another worker has ended the work meanwhile, and that stays
 */
export async function writeSettlement(settlement: Settlement, work: SettledWork): Promise<boolean> {
  if (settlement.action === 'dead-letter') {
    if (!(await work.isOpen())) return false;
    await work.deadLetter();
    await work.recordEnd(settlement.setbacks);
    return true;
  }
  if (!(await work.recordDeferral(settlement))) return false;
  await work.sendAt(settlement.at);
  return true;
}

/**
 * Sends work for later whose own record is of a later version. The hold cannot be recorded; the message stays on the
 * queue until a worker of that version takes it.
 * @returns when it is seen again
 * @throws the error when it is of another kind
 */
export async function holdUnreadable(
  error: unknown,
  sendAt: SettledWork['sendAt'],
  clock: SettlementClock,
): Promise<Date> {
  if (!(error instanceof RecordVersionError)) throw error;
  const settlement = settle(dispositionOf(error), {}, clock);
  if (settlement.action === 'dead-letter') throw error;
  await sendAt(settlement.at);
  return settlement.at;
}

/** What is being waited for, for people, up to the time. */
export function describeDeferral({ action, at }: Deferral, waitsFor?: string): string {
  const until = at.toISOString();
  if (action === 'retry') return `will be tried again at ${until}`;
  if (action === 'hold') return `held, looked at again at ${until}`;
  return waitsFor === undefined ? `waits until ${until}` : `waits for ${waitsFor} until ${until}`;
}

/** The setbacks as they are stored: what is 0 is left out, but for the failures. */
export function storedSetbacks({ failures, denials, holds }: Setbacks): {
  readonly failures: number;
  readonly denials?: number;
  readonly holds?: number;
} {
  return { failures, ...(denials > 0 && { denials }), ...(holds > 0 && { holds }) };
}
