import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import prettyBytes from 'pretty-bytes';
import type { Transfers } from '../../shared/app/index.ts';
import {
  PIPELINE_KINDS,
  type PipelineKind,
  type PipelineRun,
  pipelineId,
} from '../../shared/transfer/index.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { countOf, withShortDigests } from '../format.ts';
import { jsonOption, positive } from '../options.ts';
import type { CommandContext, Run } from '../run.ts';
import { isOfRegistry, type NamedFlags, namedOptions, registryOfPipeline } from '../transfer/named.ts';
import { absent, pipelinesOf, withTransfers } from '../transfer/with-transfers.ts';

interface CreateFlags {
  readonly pipeline: string;
  readonly name: string;
  readonly pipelineType: PipelineKind;
  readonly storageBlob: string;
  readonly artifacts?: readonly string[];
  readonly catalogDigest?: string;
  readonly registry?: string;
  readonly forceRedeploy?: boolean;
  readonly wait?: boolean;
}

const LOOK_EVERY_MS = 1000;

/** `longshore pipeline-run`: as `az acr pipeline-run`. */
export function pipelineRunCommand(run: Run): Command {
  return new Command('pipeline-run')
    .addCommand(createCommand(run))
    .addCommand(showCommand(run))
    .addCommand(listCommand(run))
    .addCommand(deleteCommand(run))
    .addCommand(cleanCommand(run));
}

function createCommand(run: Run): Command {
  return new Command('create')
    .description('run a pipeline; the same request again has no effect unless the run failed')
    .requiredOption('-p, --pipeline <name>', 'name of the pipeline')
    .requiredOption('-n, --name <name>', 'name of the run: 5 to 50 letters and digits')
    .addOption(
      new Option('-t, --pipeline-type <type>', 'kind of the pipeline')
        .choices(PIPELINE_KINDS)
        .makeOptionMandatory(),
    )
    .requiredOption('-b, --storage-blob <name>', 'blob name of the archive to write or read')
    .option('-a, --artifacts <artifact...>', 'what to export: repo, repo:tag, repo:glob*, repo@sha256:…')
    .option('--catalog-digest <digest>', 'import only an archive whose catalog has this digest')
    .option('-f, --force-redeploy', 'run again even if the same run succeeded')
    .option('-r, --registry <host>', 'only if this is the registry of the pipeline')
    .option('--wait', 'wait until the run has finished; exit code 1 if it failed')
    .addOption(jsonOption())
    .action((flags: CreateFlags) =>
      run((context) =>
        withTransfers(context, async (transfers) => {
          const pipelineResourceId = await idOf(flags, transfers);
          const blob = { type: 'AzureStorageBlob' as const, name: flags.storageBlob };
          const created = await transfers.createRun({
            name: flags.name,
            request: {
              pipelineResourceId,
              ...(flags.pipelineType === 'export' ? { target: blob } : { source: blob }),
              ...(flags.artifacts && { artifacts: [...flags.artifacts] }),
              ...(flags.catalogDigest !== undefined && { catalogDigest: flags.catalogDigest }),
            },
            ...(flags.forceRedeploy && { forceUpdateTag: String(Math.floor(Date.now() / 1000)) }),
          });
          const shown = flags.wait ? await endOf(created, transfers, context) : created;
          context.output.result(shown, describe(shown));
          return shown.response.status === 'Failed' ? EXIT.failed : EXIT.ok;
        }),
      ),
    );
}

async function idOf(
  { pipelineType: kind, pipeline: name, registry }: CreateFlags,
  transfers: Transfers,
): Promise<string> {
  const pipeline = await pipelinesOf(kind, transfers).get(name);
  if (!pipeline || !isOfRegistry(registry, pipeline.registry)) throw absent(`${kind} pipeline`, name);
  return pipelineId(kind, pipeline.registry, pipeline.name);
}

async function endOf(
  created: PipelineRun,
  transfers: Transfers,
  { streams }: CommandContext,
): Promise<PipelineRun> {
  let run = created;
  let shown = '';
  while (run.response.status !== 'Succeeded' && run.response.status !== 'Failed') {
    const { status, progress } = run.response;
    const line = `${status}${progress ? ` ${progress.percentage}%` : ''}\n`;
    if (line !== shown) streams.stderr.write(line);
    shown = line;
    await sleep(LOOK_EVERY_MS, undefined, { signal: streams.signal });
    const now = await transfers.run(run.name);
    if (!now) throw absent('pipeline run', run.name);
    run = now;
  }
  return run;
}

function showCommand(run: Run): Command {
  return namedOptions(new Command('show').description('show a run and its report'), 'run').action(
    ({ name, registry }: NamedFlags) =>
      run((context) =>
        withTransfers(context, async (transfers) => {
          const found = await transfers.run(name);
          if (!found || !isOf(registry, found)) throw absent('pipeline run', name);
          context.output.result(found, describe(found));
          return EXIT.ok;
        }),
      ),
  );
}

function listCommand(run: Run): Command {
  return new Command('list')
    .description('list runs, latest first')
    .option('--top <count>', 'show at most this many', positive)
    .option('-r, --registry <host>', 'only runs of pipelines of this registry')
    .addOption(jsonOption())
    .action(({ top, registry }: { top?: number; registry?: string }) =>
      run((context) =>
        withTransfers(context, async (transfers) => {
          const all = await Array.fromAsync(transfers.runs());
          const listed = all
            .filter((one) => isOf(registry, one))
            .toSorted((a, b) => b.longshore.createdAt.localeCompare(a.longshore.createdAt))
            .slice(0, top);
          context.output.result(listed, table(listed));
          return EXIT.ok;
        }),
      ),
    );
}

function deleteCommand(run: Run): Command {
  return namedOptions(
    new Command('delete').description('delete the record of a run; images are not touched'),
    'run',
  ).action(({ name, registry }: NamedFlags) =>
    run((context) =>
      withTransfers(context, async (transfers) => {
        const found = await transfers.run(name);
        const wasThere = isOf(registry, found) && (await transfers.removeRun(name));
        const lines = [wasThere ? `deleted ${name}` : `there is no pipeline run ${name}`];
        context.output.result({ name, deleted: wasThere }, lines);
        return wasThere ? EXIT.ok : EXIT.nothingToDo;
      }),
    ),
  );
}

function cleanCommand(run: Run): Command {
  return new Command('clean')
    .description('delete the records of all failed runs')
    .option('--dry-run', 'only list them')
    .option('-r, --registry <host>', 'only runs of pipelines of this registry')
    .addOption(jsonOption())
    .action(({ dryRun = false, registry }: { dryRun?: boolean; registry?: string }) =>
      run((context) =>
        withTransfers(context, async (transfers) => {
          const failed: string[] = [];
          for await (const one of transfers.runs())
            if (one.response.status === 'Failed' && isOf(registry, one)) failed.push(one.name);
          if (!dryRun) for (const name of failed) await transfers.removeRun(name);
          const verb = dryRun ? 'would be deleted' : 'deleted';
          context.output.result({ runs: failed, dryRun }, [
            `${countOf(failed.length, 'failed run')} ${verb}`,
            ...failed.map((name) => `  - ${name}`),
          ]);
          return failed.length > 0 ? EXIT.ok : EXIT.nothingToDo;
        }),
      ),
    );
}

/** Whether the run is of a pipeline of the registry that `--registry` names, if it names one. */
function isOf(registry: string | undefined, run: PipelineRun | undefined): boolean {
  return isOfRegistry(registry, registryOfPipeline(run?.request.pipelineResourceId));
}

function describe({ name, request, response, longshore }: PipelineRun): readonly string[] {
  const blob = response.target ?? response.source;
  return [
    `pipeline run ${name}: ${response.status}${response.progress ? ` (${response.progress.percentage}%)` : ''}`,
    ...columns(
      [
        ['pipeline', request.pipelineResourceId],
        ['blob', blob ? `${blob.uri}/${blob.name}` : ''],
        ['parts', longshore.parts && longshore.parts.length > 1 ? longshore.parts.join(', ') : ''],
        ['size', longshore.bytes === undefined ? '' : prettyBytes(longshore.bytes)],
        ['started', response.startTime ?? ''],
        ['finished', response.finishTime ?? ''],
        ['catalog', response.catalogDigest ?? ''],
        ['detail', longshore.detail ?? ''],
        ['error', response.pipelineRunErrorMessage ?? ''],
      ].filter(([, text]) => text !== ''),
      '  ',
    ),
    ...columns(
      (longshore.artifacts ?? []).map((one) => [
        `${one.state === 'unchanged' ? '=' : '+'} ${one.name}`,
        withShortDigests(one.digest),
        one.detail ?? '',
      ]),
      '  ',
    ),
    ...(longshore.failedArtifacts ?? []).map(
      (failed) => `  ! ${failed.name}  ${failed.code}: ${failed.message}`,
    ),
  ];
}

function table(runs: readonly PipelineRun[]): readonly string[] {
  if (runs.length === 0) return ['no pipeline runs'];
  return columns([
    ['NAME', 'PIPELINE', 'STARTED', 'STATUS', 'ERROR'],
    ...runs.map(({ name, request, response }) => [
      name,
      request.pipelineResourceId.split('/').at(-1) ?? '',
      response.startTime ?? '',
      response.status,
      response.pipelineRunErrorMessage ?? '',
    ]),
  ]);
}
