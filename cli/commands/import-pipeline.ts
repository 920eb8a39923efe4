import { type Command, Option } from 'commander';
import type { SecretSource } from '../../shared/transfer/index.ts';
import type { Run } from '../run.ts';
import { secretSources, trueOrFalse } from '../transfer/options.ts';
import { endpointOf, type PipelineFlags, pipelineCommand } from '../transfer/pipeline-command.ts';

interface ImportPipelineFlags extends PipelineFlags {
  readonly sourceTriggerEnabled: boolean;
  readonly verifyKey?: readonly SecretSource[];
  readonly maxAgeDays?: string;
  readonly requireMd5?: boolean;
  readonly requireCategory?: boolean;
}

/** `longshore import-pipeline`: as `az acr import-pipeline`. */
export function importPipelineCommand(run: Run): Command {
  return pipelineCommand<ImportPipelineFlags>(run, {
    kind: 'import',
    addFlags: (create) =>
      create
        .addOption(
          new Option('-e, --source-trigger-enabled [bool]', 'whether new blobs are imported automatically')
            .argParser(trueOrFalse)
            .default(true),
        )
        .option(
          '--verify-key <source>',
          'trusted public key: env:NAME, a Key Vault secret or a file; repeatable',
          secretSources,
        )
        .option('--max-age-days <days>', 'ignore blobs modified longer ago; ACR: 60')
        .option('--require-md5', 'ignore blobs without Content-MD5')
        .option('--require-category', 'ignore blobs without category = acr-transfer-blob'),
    fieldsOf: (flags) => ({
      source: endpointOf(flags),
      trigger: { sourceTrigger: { status: flags.sourceTriggerEnabled ? 'Enabled' : 'Disabled' } },
      longshore: { sasToken: flags.sasToken, trustedKeys: flags.verifyKey, ...conditionsOf(flags) },
    }),
  });
}

function conditionsOf({ maxAgeDays, requireMd5, requireCategory }: ImportPipelineFlags) {
  if (maxAgeDays === undefined && !requireMd5 && !requireCategory) return {};
  const conditions = {
    maxAgeDays: maxAgeDays === undefined ? undefined : Number(maxAgeDays),
    contentMd5: requireMd5,
    category: requireCategory,
  };
  return { conditions };
}
