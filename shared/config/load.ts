import { ConfigError } from '../errors.ts';
import type { Watch } from '../mirror/index.ts';
import { checkWatches, nameOf, type PlacedWatch, targetsOf } from './check-watches.ts';
import type { Config } from './config.ts';
import type { Environment } from './environment.ts';
import { explainIssue, issueMessage, type ValueProblem } from './explain-issue.ts';
import { type FileContent, fileSchema, watchSchema } from './schema.ts';
import { findSecret, secretRefSchema } from './secret.ts';
import { readYaml, type ValuePath } from './yaml-text.ts';

/** A configuration of several thousand watches fits well. */
export const MAX_CONFIG_BYTES = 1024 * 1024;

/**
 * Reads the text of a configuration file. `fileName` is used in messages only; `env` is asked whether the
 * secrets referred to are there.
 * @throws ConfigError with every problem found, each as `file:line:column`. It quotes no secret.
 */
export function parseConfig(text: string, fileName: string, env: Environment): Config {
  if (Buffer.byteLength(text) > MAX_CONFIG_BYTES) throw configTooLarge(fileName);
  const yaml = readYaml(text, fileName);
  const result = fileSchema.safeParse(yaml.value, { error: issueMessage });
  const valueProblems =
    yaml.value === undefined
      ? []
      : [
          ...(result.error?.issues ?? []).flatMap((issue) => explainIssue(issue)),
          ...findConflicts(yaml.value),
          ...findMissingSecrets(yaml.value, env),
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
  return createConfig(result.data);
}

function createConfig({ registries, defaults, watches, transfer }: FileContent): Config {
  return deepFreeze({
    transfer,
    registries: new Map(Object.entries(registries).map(([host, registry]) => [host, deepFreeze(registry)])),
    watches: watches.map(
      (watch): Watch => ({
        name: nameOf(watch),
        source: watch.source,
        targets: targetsOf(watch),
        tags: watch.tags,
        schedule: watch.schedule ?? defaults.schedule,
        platforms: watch.platforms ?? defaults.platforms,
      }),
    ),
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

function findMissingSecrets(file: unknown, env: Environment): readonly ValueProblem[] {
  return Object.entries(property(file, 'registries') ?? {}).flatMap(([host, registry]) => {
    const { data } = secretRefSchema.safeParse(property(property(registry, 'credentials'), 'password'));
    if (!data || findSecret(data, env) !== undefined) return [];
    const path = ['registries', host, 'credentials', 'password', 'env'];
    return [{ path, atKey: false, message: `the environment variable ${data.env} is not set, or empty` }];
  });
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

export function configTooLarge(fileName: string): ConfigError {
  return new ConfigError([
    { where: fileName, message: `the file is larger than ${MAX_CONFIG_BYTES} bytes, the most that is read` },
  ]);
}
