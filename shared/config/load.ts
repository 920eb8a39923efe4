import path from 'node:path';
import { ConfigError } from '../errors.ts';
import { checkWatches, type PlacedWatch } from './check-watches.ts';
import type { Config } from './config.ts';
import { configuredWatches } from './configured-watches.ts';
import type { Environment } from './environment.ts';
import { explainIssue, issueMessage, type ValueProblem } from './explain-issue.ts';
import { folderOf, inFolder, TLS_FILE_KEYS } from './registry-tls.ts';
import { type FileContent, fileSchema, watchSchema } from './schema.ts';
import { missingVariable, secretRefSchema } from './secret.ts';
import { transferConfig } from './transfer.ts';
import { configuredWebhooks, webhookSecretProblems } from './webhooks.ts';
import { readYaml, type ValuePath } from './yaml-text.ts';

/** A configuration of several thousand watches fits well. */
export const MAX_CONFIG_BYTES = 1024 * 1024;

/**
 * Reads the text of a configuration file. `fileName` is its path, or URL, to which files named in it are
 * relative; they are not read. `env` is asked whether the secrets referred to are there.
 * @throws ConfigError with every problem found, each as `file:line:column`. It quotes no secret.
 */
export function parseConfig(text: string, fileName: string, env: Environment): Config {
  if (Buffer.byteLength(text) > MAX_CONFIG_BYTES) throw configTooLarge(fileName);
  const yaml = readYaml(text, fileName);
  const folder = folderOf(fileName);
  const result = fileSchema.safeParse(yaml.value, { error: issueMessage });
  const valueProblems =
    yaml.value === undefined
      ? []
      : [
          ...(result.error?.issues ?? []).flatMap((issue) => explainIssue(issue)),
          ...findConflicts(yaml.value),
          ...findMissingSecrets(yaml.value, env),
          ...webhookSecretProblems(property(yaml.value, 'webhooks'), env),
          ...findStrayFiles(yaml.value, folder),
        ];
  const problems = [
    ...yaml.problems,
    ...valueProblems.map(({ path, atKey, message }) => ({
      offset: yaml.offsetOf(path, atKey ? 'key' : 'value'),
      message: `${formatPath(path)}${message}`,
    })),
  ].sort((a, b) => a.offset - b.offset);
  if (!result.success || problems.length > 0) {
    throw new ConfigError(problems.map(({ offset, message }) => ({ where: yaml.where(offset), message })));
  }
  return createConfig(result.data, folder);
}

function createConfig(
  { registries, defaults, watches, webhooks, transfer, retention }: FileContent,
  folder: string | undefined,
): Config {
  return deepFreeze({
    transfer: transfer && transferConfig(transfer, folder ?? ''),
    retentionMs: retention,
    registries: new Map(
      Object.entries(registries).map(([host, { tls, ...registry }]) => [
        host,
        deepFreeze({ ...registry, ...(tls && { tls: inFolder(tls, folder ?? '') }) }),
      ]),
    ),
    webhooks: configuredWebhooks(webhooks),
    ...configuredWatches({ watches, defaults }),
  });
}

/** Looks at the watches that are right by themselves, also when others are not. */
function findConflicts(file: unknown): readonly ValueProblem[] {
  const list = property(file, 'watches');
  const defaults = fileSchema.shape.defaults.safeParse(property(file, 'defaults'));
  const watches = (Array.isArray(list) ? list : []).flatMap((value: unknown, at): PlacedWatch[] => {
    const { data } = watchSchema.safeParse(value);
    return data ? [{ at, watch: data }] : [];
  });
  return checkWatches(watches, defaults.data?.platforms);
}

/** Of environment variables only: whether a vault has a secret is seen when it is needed. */
function findMissingSecrets(file: unknown, env: Environment): readonly ValueProblem[] {
  return Object.entries(property(file, 'registries') ?? {}).flatMap(([host, registry]) =>
    ['password', 'token'].flatMap((field) => {
      const { data } = secretRefSchema.safeParse(property(property(registry, 'credentials'), field));
      const missing = data && missingVariable(data, env);
      if (missing === undefined) return [];
      const path = ['registries', host, 'credentials', field, 'env'];
      return [{ path, atKey: false, message: `the environment variable ${missing} is not set, or empty` }];
    }),
  );
}

/** Files whose folder nobody knows. Whether those with one are there is seen when they are needed. */
function findStrayFiles(file: unknown, folder: string | undefined): readonly ValueProblem[] {
  if (folder !== undefined) return [];
  return Object.entries(property(file, 'registries') ?? {}).flatMap(([host, registry]) =>
    TLS_FILE_KEYS.flatMap((key) => {
      const name = property(property(registry, 'tls'), key);
      if (typeof name !== 'string' || path.isAbsolute(name)) return [];
      const message = 'expected an absolute path, because this configuration lies in no folder';
      return [{ path: ['registries', host, 'tls', key], atKey: false, message }];
    }),
  );
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

/** `watches[0].tags: `, nothing for the file as a whole. */
function formatPath(path: ValuePath): string {
  const text = path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step).slice(0, 100)}`))
    .join('')
    .replace(/^\./, '');
  return text && `${text}: `;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

function configTooLarge(fileName: string): ConfigError {
  return new ConfigError([
    { where: fileName, message: `the file is larger than ${MAX_CONFIG_BYTES} bytes, the most that is read` },
  ]);
}
