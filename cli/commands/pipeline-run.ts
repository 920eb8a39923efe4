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
    .description('run a pipeline; the same order again does nothing unless it failed')
    .requiredOption('-p, --pipeline <name>', 'name of the pipeline')
    .requiredOption('-n, --name <name>', 'name of the run: 5 to 50 letters and digits')
    .addOption(
      new Option('-t, --pipeline-type <type>', 'kind of the pipeline')
        .choices(PIPELINE_KINDS)
        .makeOptionMandatory(),
    )
    .requiredOption('-b, --storage-blob <name>', 'archive to write or read, by its name in the container')
    .option('-a, --artifacts <artifact...>', 'what to export: repo, repo:tag, repo:glob*, repo@sha256:…')
    .option('--catalog-digest <digest>', 'import only the archive with this digest of its catalog')
    .option('-f, --force-redeploy', 'run although the same run succeeded')
    .option('-r, --registry <host>', 'registry of the pipeline, if that is to be checked')
    .option('--wait', 'wait for the end; exit code 1 when the run failed')
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
  if (!pipeline || (registry !== undefined && pipeline.registry !== registry))
    throw absent(`${kind} pipeline`, name);
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
  return named(new Command('show').description('show a run and its report')).action(
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
    .description('list runs, the latest first')
    .option('--top <count>', 'only the latest of them', positive)
    .option('-r, --registry <host>', 'only those of pipelines of this registry')
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
  return named(new Command('delete').description('forget a run; what it copied stays')).action(
    ({ name, registry }: NamedFlags) =>
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
    .description('forget all runs that failed')
    .option('--dry-run', 'only list them')
    .option('-r, --registry <host>', 'only those of pipelines of this registry')
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

interface NamedFlags {
  readonly name: string;
  readonly registry?: string;
}

/** Whether a run is of a pipeline of the registry that was named, if one was. */
function isOf(registry: string | undefined, run: PipelineRun | undefined): boolean {
  return registry === undefined || run?.request.pipelineResourceId.includes(`/${registry}/`) === true;
}

function named(command: Command): Command {
  return command
    .requiredOption('-n, --name <name>', 'name of the run')
    .option('-r, --registry <host>', 'registry of its pipeline, if that is to be checked')
    .addOption(jsonOption());
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
