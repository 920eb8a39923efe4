import { Command, Option } from 'commander';
import { type App, type Check, type LoadOptions, loadApp } from '../../shared/app/index.ts';
import { describeError, InvalidInputError } from '../../shared/errors.ts';
import { PIPELINE_KINDS, type PipelineKind } from '../../shared/transfer/index.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { jsonOption } from '../options.ts';
import type { Run } from '../run.ts';
import { withTransfers } from '../transfer/with-transfers.ts';

/**
 * `longshore doctor`: checks settings, configuration, tables, queues, dead letters and the clock.
 * `longshore doctor pipeline NAME`: checks everything a run of the pipeline needs.
 */
export function doctorCommand(run: Run): Command {
  const doctor = new Command('doctor').addOption(jsonOption()).action(() =>
    run(async ({ output, environment }) => {
      const checks = await diagnose(environment);
      output.result(
        { checks },
        columns(checks.map(({ ok, name, detail }) => [ok ? 'ok' : 'FAILED', name, detail])),
      );
      return checks.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed;
    }),
  );
  return doctor.addCommand(
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

async function diagnose(environment: LoadOptions['environment']): Promise<readonly Check[]> {
  const configuration = { name: 'settings and configuration', ok: true, detail: 'are valid' };
  let app: App;
  try {
    app = await loadApp({ environment });
  } catch (error) {
    return [{ ...configuration, ok: false, detail: describeError(error) }];
  }
  try {
    return [configuration, ...(await app.diagnose()).map(withAdvice)];
  } finally {
    await app.close();
  }
}

/** Says which role is missing, where the refusal tells. */
function withAdvice(check: Check): Check {
  if (check.ok || !REFUSED.test(check.detail)) return check;
  return {
    ...check,
    detail: `${check.detail} The identity lacks a role, or the key is wrong: see "Assign these roles" in docs/operate.md.`,
  };
}

const REFUSED =
  /AuthorizationPermissionMismatch|AuthorizationFailure|AuthenticationFailed|Unauthorized|40[13]\b/;
