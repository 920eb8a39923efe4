import { z } from 'zod';
import { parsePlatform } from '../content/index.ts';
import { closedObject } from './closed-object.ts';
import { hostSchema, parsedBy, parseRepository } from './names.ts';
import { registriesSchema } from './registries.ts';
import { DEFAULT_SCHEDULE, scheduleSchema } from './schedule.ts';
import { tagRulesSchema } from './tag-rules.ts';

const repository = z
  .string()
  .meta({ examples: ['docker.io/library/node', 'acme.azurecr.io/base/node'] })
  .transform(parsedBy(parseRepository));

const platforms = z
  .array(
    z
      .string()
      .meta({ examples: ['linux/amd64', 'linux/arm64'] })
      .transform(parsedBy(parsePlatform)),
  )
  .min(1)
  .max(100)
  .describe('Platforms to copy out of multi-platform images, as os/architecture[/variant]. Left out: all.');

const referrers = z
  .boolean()
  .describe('Whether signatures, SBOMs and attestations are copied with the images. Left out: yes.');

const MAX_TARGETS = 50;

/** One entry of `watches`. */
export const watchSchema = closedObject({
  name: z
    .string()
    .regex(
      /^[A-Za-z0-9][\w.\-/:@ ]{0,199}$/,
      'expected letters, digits, spaces and . _ - / : @, at most 200 characters, starting with a letter or digit',
    )
    .optional()
    .describe('Names the watch in reports; unique. Left out: the source.'),
  source: repository.describe('Upstream repository without tag, such as docker.io/library/node.'),
  target: repository
    .optional()
    .describe('Repository that holds the copy, such as acme.azurecr.io/base/node.'),
  targets: z
    .array(repository)
    .min(1)
    .max(MAX_TARGETS)
    .optional()
    .describe('Several repositories that hold the copy, in place of target.'),
  tags: tagRulesSchema,
  schedule: scheduleSchema.optional().describe('When to look upstream: cron with 5 or 6 fields, in UTC.'),
  platforms: platforms.optional(),
  referrers: referrers.optional(),
})
  .refine(({ target, targets }) => (target === undefined) !== (targets === undefined), {
    error: 'expected either target or targets',
    // Said beside the problems of single fields, not only once those are solved.
    when: ({ value }) => typeof value === 'object' && value !== null,
  })
  .meta({
    oneOf: ['target', 'targets'].map((key) => ({
      type: 'object',
      required: [key],
      properties: { [key]: {} },
    })),
  });

/** The whole file. */
export const fileSchema = closedObject({
  registries: registriesSchema,
  defaults: closedObject({
    schedule: scheduleSchema
      .default(DEFAULT_SCHEDULE)
      .describe('When to look upstream: cron with 5 or 6 fields, in UTC.'),
    platforms: platforms.default([]),
    referrers: referrers.default(true),
  })
    .prefault({})
    .describe('Used by every watch that does not say otherwise.'),
  watches: z.array(watchSchema).max(10_000).default([]).describe('Upstream repositories to keep copied.'),
  transfer: closedObject({
    registry: hostSchema.describe(
      'Registry that archives landing in the transfer container are imported into.',
    ),
  })
    .optional()
    .describe('What to do with image archives that arrive in blob storage.'),
})
  .describe('Configuration of Longshore.')
  .meta({ title: 'Longshore configuration' });

export type FileContent = z.output<typeof fileSchema>;
export type FileWatch = z.output<typeof watchSchema>;
