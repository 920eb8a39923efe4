import * as z from 'zod';

/**
 * Fields that a row may lack or have wrong without being worth less: the registry itself is asked about what
 * they would have said.
 */
export const optionalText = z.string().optional().catch(undefined);

export const optionalMediaType = z
  .string()
  .max(255)
  .regex(/^[\w.+-]+\/[\w.+-]+$/)
  .optional()
  .catch(undefined);

/** As text, in any form that `Date` reads. */
export const optionalDate = z.string().pipe(z.coerce.date()).optional().catch(undefined);

/** Seconds since the epoch. */
export const optionalUnixTime = z
  .number()
  .transform((seconds) => seconds * 1000)
  .pipe(z.coerce.date())
  .optional()
  .catch(undefined);

/** Milliseconds since the epoch, as text or number. */
export const optionalEpochMs = z
  .union([z.string(), z.number()])
  .transform(Number)
  .pipe(z.coerce.date())
  .optional()
  .catch(undefined);
