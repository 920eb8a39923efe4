import { describe, expect, it } from 'vitest';
import { MAX_FAILURES } from '../../../shared/imports/retry-delay.ts';
import { type SettledWork, settle, writeSettlement } from '../../../shared/imports/settlement.ts';

const now = new Date('2026-05-01T00:00:00Z');
const clock = { now, random: () => 0 };
const DENIED = { action: 'dead-letter', slowTries: 3 } as const;

describe('settling work that did not succeed', () => {
  it('gives a denial its slow tries, whatever failed before', () => {
    const settlement = settle(DENIED, { failures: 3 }, clock);
    expect(settlement).toMatchObject({ action: 'retry', setbacks: { failures: 4, denials: 1 } });
  });

  it('gives up at one denial more than there are slow tries', () => {
    expect(settle(DENIED, { failures: 3, denials: 3 }, clock)).toMatchObject({ action: 'dead-letter' });
  });

  it('counts denials in a row only', () => {
    const after = settle({ action: 'retry' }, { failures: 2, denials: 2 }, clock);
    expect(after.setbacks).toEqual({ failures: 3, denials: 0, holds: 0 });
  });

  it('gives up what cannot succeed at once', () => {
    expect(settle({ action: 'dead-letter' }, {}, clock).action).toBe('dead-letter');
  });

  it('gives up after the last failure that is allowed', () => {
    expect(settle({ action: 'retry' }, { failures: MAX_FAILURES - 2 }, clock).action).toBe('retry');
    expect(settle({ action: 'retry' }, { failures: MAX_FAILURES - 1 }, clock).action).toBe('dead-letter');
  });

  it('counts no failure while it waits for a limit', () => {
    const settlement = settle({ action: 'wait', afterMs: 90_000 }, { failures: MAX_FAILURES - 1 }, clock);
    expect(settlement).toMatchObject({
      action: 'wait',
      at: new Date('2026-05-01T00:01:30Z'),
      setbacks: { failures: MAX_FAILURES - 1 },
    });
  });

  it('counts no failure while a policy holds it, and looks again later and later', () => {
    const first = settle({ action: 'hold' }, { failures: 2 }, clock);
    const second = settle({ action: 'hold' }, first.setbacks, clock);
    expect([first.setbacks, second.setbacks]).toMatchObject([
      { failures: 2, holds: 1 },
      { failures: 2, holds: 2 },
    ]);
    if (first.action !== 'hold' || second.action !== 'hold') throw new Error('They are not held.');
    expect(second.at.getTime()).toBeGreaterThan(first.at.getTime());
  });

  it('looks again when the policy says', () => {
    expect(settle({ action: 'hold', afterMs: 60_000 }, {}, clock)).toMatchObject({
      at: new Date('2026-05-01T00:01:00Z'),
    });
  });
});

describe('writing a settlement', () => {
  /** Work whose `failing` step throws before it has an effect. */
  function work(steps: string[], { open = true, failing = '' } = {}): SettledWork {
    const step = async (name: string) => {
      if (name === failing) throw new Error(`${name} failed`);
      steps.push(name);
    };
    return {
      isOpen: async () => open,
      deadLetter: () => step('dead letter'),
      recordEnd: () => step('record'),
      recordDeferral: async () => {
        await step('record');
        return open;
      },
      sendAt: () => step('message'),
    };
  }
  const hopeless = settle({ action: 'dead-letter' }, {}, clock);
  const again = settle({ action: 'retry' }, {}, clock);

  it('puts the dead letter before the record, and the record before the message', async () => {
    const ended: string[] = [];
    const deferred: string[] = [];
    expect(await writeSettlement(hopeless, work(ended))).toBe(true);
    expect(await writeSettlement(again, work(deferred))).toBe(true);
    expect({ ended, deferred }).toEqual({
      ended: ['dead letter', 'record'],
      deferred: ['record', 'message'],
    });
  });

  it('leaves work that another worker has ended', async () => {
    const steps: string[] = [];
    expect(await writeSettlement(hopeless, work(steps, { open: false }))).toBe(false);
    expect(await writeSettlement(again, work(steps, { open: false }))).toBe(false);
    expect(steps).toEqual(['record']);
  });

  it.each([
    ['the dead letter cannot be written', hopeless, 'dead letter', []],
    ['the record of the end cannot be written', hopeless, 'record', ['dead letter']],
    ['the record of the delay cannot be written', again, 'record', []],
    ['the message cannot be sent', again, 'message', ['record']],
  ])(
    'stops and throws when %s, so that the message is delivered again',
    async (_, settlement, failing, done) => {
      const steps: string[] = [];
      await expect(writeSettlement(settlement, work(steps, { failing }))).rejects.toThrow(
        `${failing} failed`,
      );
      expect(steps).toEqual(done);
    },
  );
});
