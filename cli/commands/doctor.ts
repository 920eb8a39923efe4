import { Command, Option } from 'commander';
import { InvalidInputError } from '../../shared/errors.ts';
import { PIPELINE_KINDS, type PipelineKind } from '../../shared/transfer/index.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { jsonOption } from '../options.ts';
import type { Run } from '../run.ts';
import { withTransfers } from '../transfer/with-transfers.ts';

/** `longshore doctor pipeline NAME`: checks everything a run of the pipeline needs. */
export function doctorCommand(run: Run): Command {
  return new Command('doctor').addCommand(
    new Command('pipeline')
      .description('check what a pipeline needs: secret, SAS token, container and permissions, registry')
      .argument('<name>', 'name of the pipeline')
      .addOption(
        new Option('-t, --pipeline-type <type>', 'type of the pipeline (default: both)').choices(
          PIPELINE_KINDS,
        ),
      )
      .addOption(jsonOption())
      .action((name: string, { pipelineType }: { readonly pipelineType?: PipelineKind }) =>
        run((context) =>
          withTransfers(context, async (transfers) => {
            const { exportPipelines, importPipelines } = transfers;
            const found = {
              export: await exportPipelines.get(name),
              import: await importPipelines.get(name),
            };
            const kinds = PIPELINE_KINDS.filter(
              (kind) => found[kind] && (!pipelineType || kind === pipelineType),
            );
            if (kinds.length === 0) {
              throw new InvalidInputError('E_ARGUMENT', `There is no pipeline ${name.slice(0, 100)}.`);
            }
            const checked = [];
            for (const kind of kinds) {
              checked.push({ kind, checks: await transfers.check(kind, name, context.streams.signal) });
            }
            context.output.result(
              { name, pipelines: checked },
              checked.flatMap(({ kind, checks }) => [
                `${kind} pipeline ${name}`,
                ...columns(
                  checks.map((check) => [check.ok ? 'ok' : 'FAILED', check.name, check.detail]),
                  '  ',
                ),
              ]),
            );
            return checked.every(({ checks }) => checks.every(({ ok }) => ok)) ? EXIT.ok : EXIT.failed;
          }),
        ),
      ),
  );
}
