import { ConfigError } from '../errors.ts';
import { checkWatches } from './check-watches.ts';
import type { Config } from './config.ts';
import { configuredWatches } from './configured-watches.ts';
import type { Environment } from './environment.ts';
import { explainIssue, issueMessage, type ValueProblem } from './explain-issue.ts';
import { checkRegistries } from './registries.ts';
import { folderOf, inFolder } from './registry-tls.ts';
import { type FileContent, fileSchema } from './schema.ts';
import { type CheckContext, property, type SectionCheck } from './section-check.ts';
import { transferConfig } from './transfer.ts';
import { checkWebhooks, configuredWebhooks } from './webhooks.ts';
import { readYaml, type ValuePath } from './yaml-text.ts';

/** The checks beyond the schema, by section. A section that needs one adds its line. */
const CHECKS: Readonly<Record<string, SectionCheck>> = {
  registries: checkRegistries,
  watches: checkWatches,
  webhooks: checkWebhooks,
};

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
          ...checkSections(yaml.value, { env, folder }),
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

function checkSections(file: unknown, place: Omit<CheckContext, 'file'>): readonly ValueProblem[] {
  return Object.entries(CHECKS).flatMap(([key, check]) =>
    check(property(file, key), [key], { ...place, file }),
  );
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
