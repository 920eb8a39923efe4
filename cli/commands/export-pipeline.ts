import type { Command } from 'commander';
import { parseSecretSource, type SecretSource } from '../../shared/transfer/index.ts';
import { platformFlag, positive } from '../options.ts';
import type { Run } from '../run.ts';
import { byteSize } from '../transfer/options.ts';
import { endpointOf, type PipelineFlags, pipelineCommand } from '../transfer/pipeline-command.ts';

interface ExportPipelineFlags extends PipelineFlags {
  readonly signKey?: SecretSource;
  readonly partSize?: number;
  readonly baseArchive?: string;
  readonly artifactLimit?: number;
  readonly platform?: readonly string[];
  readonly referrers: boolean;
}

/** `longshore export-pipeline`: as `az acr export-pipeline`. */
export function exportPipelineCommand(run: Run): Command {
  return pipelineCommand<ExportPipelineFlags>(run, {
    kind: 'export',
    addFlags: (create) =>
      create
        .option(
          '--sign-key <source>',
          'private key to sign archives with: env:NAME, a Key Vault secret or a file',
          parseSecretSource,
        )
        .option('--part-size <size>', 'split archives larger than this, such as 4GiB', byteSize)
        .option('--base-archive <blob>', 'export only what this archive in the same container lacks')
        .option('--artifact-limit <count>', 'maximum number of artifacts per run; ACR: 50', positive)
        .option('--platform <platform...>', 'export only these platforms', platformFlag)
        .option('--no-referrers', 'do not export signatures, SBOMs and attestations'),
    fieldsOf: (flags) => ({
      target: endpointOf(flags),
      longshore: {
        sasToken: flags.sasToken,
        signingKey: flags.signKey,
        partSize: flags.partSize,
        baseArchive: flags.baseArchive,
        artifactLimit: flags.artifactLimit,
        platforms: flags.platform,
        ...(!flags.referrers && { referrers: false }),
      },
    }),
  });
}
