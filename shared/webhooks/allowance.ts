import * as z from 'zod';
import type { Records } from '../records.ts';

/** How many checks of one minute were granted for a registry. */
export interface MinuteAllowance {
  /** The minute, ISO 8601. */
  readonly minute: string;
  readonly given: number;
}

export const minuteAllowanceSchema: z.ZodType<MinuteAllowance> = z.object({
  minute: z.iso.datetime(),
  given: z.int().nonnegative(),
});

/** Checks that notifications may cause at a registry in a minute, however many arrive and whichever workers handle them. */
export const CHECKS_PER_MINUTE = 240;
/** Taken from the record at a time, so that a burst does not write it once per notification. */
const PORTION = 24;

/** Limits what a burst of notifications costs a registry. */
export interface Allowance {
  /** How many checks may be made now: `wanted`, or fewer, or 0 until the minute has ended. */
  take(registry: string, wanted: number): Promise<number>;
  /** Returns what was taken and not used. */
  giveBack(registry: string, count: number): void;
}

interface Portion {
  minute: string;
  left: number;
}

/** An allowance that all workers share in a record; each takes portions of it. */
export function createAllowance(
  records: Pick<Records<MinuteAllowance>, 'update'>,
  now: () => Date,
): Allowance {
  const portions = new Map<string, Portion>();

  async function takePortion(registry: string, minute: string, wanted: number): Promise<number> {
    let size = 0;
    await records.update({ partition: 'registries', row: registry }, (current) => {
      const given = current?.minute === minute ? current.given : 0;
      size = Math.min(Math.max(wanted, PORTION), CHECKS_PER_MINUTE - given);
      return size > 0 ? { minute, given: given + size } : current;
    });
    return size;
  }

  return {
    async take(registry, wanted) {
      const minute = new Date(Math.floor(now().getTime() / 60_000) * 60_000).toISOString();
      const portion = portions.get(registry) ?? { minute, left: 0 };
      portions.set(registry, portion);
      if (portion.minute !== minute) Object.assign(portion, { minute, left: 0 });
      if (portion.left < wanted) {
        const size = await takePortion(registry, minute, wanted - portion.left);
        if (portion.minute === minute) portion.left += size;
      }
      const count = Math.min(wanted, portion.left);
      portion.left -= count;
      return count;
    },
    giveBack(registry, count) {
      const portion = portions.get(registry);
      if (portion) portion.left += count;
    },
  };
}
