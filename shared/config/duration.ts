import * as z from 'zod';

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d{1,6})(s|m|h|d)$/;
const EXPECTED = 'expected a length of time such as 90s, 15m, 6h or 3d';

export function isDuration(text: string): boolean {
  return DURATION.test(text);
}

/** A length of time such as `90s`, `15m`, `6h`, `3d`, read as milliseconds. Bounds are milliseconds too. */
export function durationSchema({
  min = 0,
  max = 366 * UNIT_MS.d,
}: {
  readonly min?: number;
  readonly max?: number;
} = {}) {
  return z
    .string({ error: ({ input }) => (input === undefined ? undefined : EXPECTED) })
    .meta({ pattern: DURATION.source, examples: ['15m', '6h'] })
    .transform((text, context) => {
      const [, count, unit] = DURATION.exec(text) ?? [];
      const ms = Number(count) * UNIT_MS[(unit ?? 's') as keyof typeof UNIT_MS];
      if (ms >= min && ms <= max) return ms;
      const bounds = Number.isNaN(ms) ? '' : `, from ${min / 1000} to ${max / 1000} seconds`;
      context.addIssue({
        code: 'custom',
        message: `${EXPECTED}${bounds}`,
      });
      return z.NEVER;
    });
}
