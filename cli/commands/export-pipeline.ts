import { Command } from 'commander';
import { parseSecretSource, type SecretSource } from '../../shared/transfer/index.ts';
import { EXIT } from '../exit-codes.ts';
import type { Run } from '../program.ts';
import { byteSize, positive } from '../transfer/flags.ts';
import {
  addPipelineCommands,
  commonFields,
  createFlags,
  describePipeline,
  endpointOf,
  type PipelineFlags,
} from '../transfer/pipeline-command.ts';
import { registryFor, withTransfers } from '../transfer/with-transfers.ts';

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
  const command = new Command('export-pipeline').description(
    'work with pipelines from the registry into blob storage',
  );
  command.addCommand(
    createFlags(new Command('create').description('make an export pipeline, or change one'))
      .option(
        '--sign-key <source>',
        'private key that signs archives: env:NAME, a Key Vault secret or a file',
        parseSecretSource,
      )
      .option('--part-size <size>', 'split archives larger than this, such as 4GiB', byteSize)
      .option('--base-archive <blob>', 'leave out what this archive in the same container has')
      .option('--artifact-limit <count>', 'at most so many artifacts for one run; ACR takes 50', positive)
      .option('--platform <platform...>', 'take only these platforms')
      .option('--no-referrers', 'leave out signatures, SBOMs and attestations')
      .action((flags: ExportPipelineFlags) =>
        run((context) =>
          withTransfers(context, async (transfers) => {
            const pipeline = await transfers.exportPipelines.create({
              ...commonFields(flags),
              registry: registryFor(flags.registry, transfers),
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
            });
            context.output.result(pipeline, describePipeline(pipeline));
            return EXIT.ok;
          }),
        ),
      ),
  );
  return addPipelineCommands(command, run, 'export', ({ exportPipelines }) => exportPipelines);
}
