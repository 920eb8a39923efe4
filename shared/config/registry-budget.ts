import * as z from 'zod';
import type { BudgetPolicy } from '../budget/index.ts';
import { durationSchema } from './duration.ts';
import { strictObject } from './strict-object.ts';

const PERCENT = /^(\d{1,2})%$/;
const MAX_PULLS = 1_000_000_000;
const RESERVE = 'expected a part such as 20%, below 100%, or a number of pulls';

const reserve = z
  .union([z.string().regex(PERCENT, RESERVE), z.int(RESERVE).min(0, RESERVE).max(MAX_PULLS, RESERVE)], {
    error: RESERVE,
  })
  .meta({ examples: ['20%', 50] })
  .transform((value): NonNullable<BudgetPolicy['reserve']> => {
    return typeof value === 'number' ? { pulls: value } : { percent: Number(PERCENT.exec(value)?.[1]) };
  });

/** What of a registry's pulls may be spent. */
export const budgetSchema = strictObject({
  reserve: reserve
    .optional()
    .describe(
      'Pulls that Longshore never spends, for people and builds with the same account or address: a part of the limit such as 20%, or a number. Default: none.',
    ),
  limit: z
    .int()
    .min(1)
    .max(MAX_PULLS)
    .optional()
    .describe(
      'Pulls per window, for a registry that does not say it itself. Where it does, the smaller counts.',
    ),
  window: durationSchema({ min: 1000, max: 31 * 24 * 60 * 60_000 })
    .optional()
    .describe('Length of the window of limit, such as 6h.'),
})
  .refine(({ limit, window }) => (limit === undefined) === (window === undefined), {
    error: 'expected limit and window together',
    when: ({ value }) => typeof value === 'object' && value !== null,
  })
  .transform(
    ({ reserve, limit, window }): BudgetPolicy => ({
      ...(reserve && { reserve }),
      ...(limit !== undefined && { limit, windowMs: window }),
    }),
  );
