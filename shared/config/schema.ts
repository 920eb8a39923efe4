import * as z from 'zod';
import { parsePlatform } from '../content/index.ts';
import { durationSchema } from './duration.ts';
import { parsedBy, parseRepositoryOrPattern } from './names.ts';
import { registriesSchema } from './registries.ts';
import { DEFAULT_SCHEDULE, scheduleSchema } from './schedule.ts';
import { strictObject } from './strict-object.ts';
import { tagRulesSchema } from './tag-rules.ts';
import { transferSchema } from './transfer.ts';
import { webhooksSchema } from './webhooks.ts';

const repository = z
  .string()
  .meta({ examples: ['docker.io/library/node', 'acme.azurecr.io/base/node', 'harbor.corp/apps/*'] })
  .transform(parsedBy(parseRepositoryOrPattern));

const platforms = z
  .array(
    z
      .string()
      .meta({ examples: ['linux/amd64', 'linux/arm64'] })
      .transform(parsedBy(parsePlatform)),
  )
  .min(1)
  .max(100)
  .describe('Platforms to copy out of multi-platform images, as os/architecture[/variant]. Default: all.');

const referrers = z
  .boolean()
  .describe('Whether signatures, SBOMs and attestations are copied with the images. Default: yes.');

const schedule = scheduleSchema.describe(
  'When to poll the source: cron with 5 or 6 fields in UTC; { cron, timezone, jitter }; or { every, jitter }.',
);

const freshWithin = durationSchema({ min: 60_000 }).describe(
  'Maximum time from a change upstream to its import (freshness objective), such as 2h. `longshore status` measures it.',
);

const verifyTargetsEvery = durationSchema({ min: 60_000 }).describe(
  'How often the tags of the targets are checked for drift and repaired, such as 6h.',
);

const deletions = z
  .enum(['report', 'propose'])
  .describe(
    'What to do with copies whose tag was deleted upstream. report: keep and report them. propose: after seven days `longshore deletions` lists them, and deletes those that are approved.',
  );

const DAY_MS = 24 * 60 * 60_000;
/** Service Bus detects duplicate messages for up to seven days. */
const retention = durationSchema({ min: 7 * DAY_MS, max: 3650 * DAY_MS })
  .prefault('90d')
  .describe(
    'How long finished records are kept: finished imports, runs of arrived archives, observations of removed watches. At least 7d. Default: 90d.',
  );

const MAX_TARGETS = 50;

/** One entry of `watches`. */
export const watchSchema = strictObject({
  name: z
    .string()
    .regex(
      /^[A-Za-z0-9][\w.\-/:@ ]{0,199}$/,
      'expected letters, digits, spaces and . _ - / : @, at most 200 characters, starting with a letter or digit',
    )
    .optional()
    .describe('Name of the watch in reports; unique. Default: the source.'),
  source: repository.describe(
    'Upstream repository without tag, such as docker.io/library/node. With one *, all that match, such as harbor.corp/apps/*.',
  ),
  target: repository
    .optional()
    .describe(
      'Repository that holds the copy, such as acme.azurecr.io/base/node. Its * is replaced by the part that the * of the source matches.',
    ),
  targets: z
    .array(repository)
    .min(1)
    .max(MAX_TARGETS)
    .optional()
    .describe('Several repositories that hold the copy, in place of target.'),
  tags: tagRulesSchema,
  schedule: schedule.optional(),
  freshWithin: freshWithin.optional(),
  verifyTargetsEvery: verifyTargetsEvery.optional(),
  deletions: deletions.optional(),
  paused: z.boolean().default(false).describe('true: pauses this watch.'),
  platforms: platforms.optional(),
  referrers: referrers.optional(),
})
  .refine(({ target, targets }) => (target === undefined) !== (targets === undefined), {
    error: 'expected either target or targets',
    // Reported together with the problems of single fields, not only after those are fixed.
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
export const fileSchema = strictObject({
  registries: registriesSchema,
  defaults: strictObject({
    schedule: schedule.prefault(DEFAULT_SCHEDULE),
    freshWithin: freshWithin.optional(),
    verifyTargetsEvery: verifyTargetsEvery.prefault('6h'),
    deletions: deletions.default('report'),
    platforms: platforms.default([]),
    referrers: referrers.default(true),
  })
    .prefault({})
    .describe('Defaults for all watches.'),
  watches: z.array(watchSchema).max(10_000).default([]).describe('Upstream repositories to keep copied.'),
  webhooks: webhooksSchema,
  transfer: transferSchema,
  retention,
})
  .describe('Configuration of Longshore.')
  .meta({ title: 'Longshore configuration' });

export type FileContent = z.output<typeof fileSchema>;
export type FileWatch = z.output<typeof watchSchema>;
