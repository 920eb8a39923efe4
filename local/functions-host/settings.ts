import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { FunctionsHostError, messageOf } from './errors.ts';
import { parseTimeSpan } from './time-span.ts';

/** Application settings by name, as in `process.env`. */
export type Settings = Readonly<Record<string, string | undefined>>;

const timeSpan = z.string().transform((text, context) => {
  const ms = parseTimeSpan(text);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: 'expected a time span such as 00:05:00' });
  return z.NEVER;
});

const hostJsonSchema = z.object({
  version: z.literal('2.0'),
  /** `-1` means without limit. The default is that of all plans but Consumption. */
  functionTimeout: z
    .union([z.literal('-1').transform(() => Number.POSITIVE_INFINITY), timeSpan])
    .default(30 * 60_000),
  extensions: z
    .object({
      http: z
        .object({
          routePrefix: z.string().default('api'),
          maxRequestBodySize: z.number().int().positive().default(104_857_600),
        })
        .prefault({}),
      serviceBus: z
        .object({
          autoCompleteMessages: z.boolean().default(true),
          maxConcurrentCalls: z.number().int().positive().default(16),
          maxAutoLockRenewalDuration: timeSpan.default(5 * 60_000),
        })
        .prefault({}),
      blobs: z
        .object({
          maxDegreeOfParallelism: z.number().int().positive().default(8),
          poisonBlobThreshold: z.number().int().positive().default(5),
        })
        .prefault({}),
    })
    .prefault({}),
});

/** The parts of host.json that the local host carries out; durations in milliseconds. Other parts are ignored. */
export type HostJson = z.output<typeof hostJsonSchema>;

/** Reads `host.json` of an app. Throws `E_HOST_JSON` with every problem when it is absent or wrong. */
export async function readHostJson(root: string): Promise<HostJson> {
  const file = join(root, 'host.json');
  const result = hostJsonSchema.safeParse(await readJson(file, 'E_HOST_JSON'));
  if (result.success) return result.data;
  throw new FunctionsHostError('E_HOST_JSON', `${file} cannot be used:\n${z.prettifyError(result.error)}`);
}

const localSettingsSchema = z.object({
  IsEncrypted: z.literal(false).default(false),
  Values: z.record(z.string(), z.string()).default({}),
});

/** The `Values` of a `local.settings.json`. Throws `E_SETTING` when the file is absent, encrypted or malformed. */
export async function readLocalSettings(file: string): Promise<Record<string, string>> {
  const result = localSettingsSchema.safeParse(await readJson(file, 'E_SETTING'));
  if (result.success) return result.data.Values;
  throw new FunctionsHostError('E_SETTING', `${file} cannot be used:\n${z.prettifyError(result.error)}`);
}

async function readJson(file: string, code: 'E_HOST_JSON' | 'E_SETTING'): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new FunctionsHostError(code, `${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Replaces every `%NAME%` by the setting of that name, as the Functions host does in trigger options.
 * Throws `E_SETTING` for a name that is not set: Azure would not start the function either.
 */
export function expandSettings(text: string, settings: Settings): string {
  return text.replace(/%([^%]+)%/g, (_, name: string) => {
    const value = settings[name];
    if (value !== undefined) return value;
    throw new FunctionsHostError('E_SETTING', `"${text}" names the setting ${name}, which is not set`);
  });
}
