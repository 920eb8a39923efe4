import type { Transfers } from '../../shared/app/index.ts';
import { InvalidInputError } from '../../shared/errors.ts';
import type { ExportPipeline, ImportPipeline, PipelineKind, Pipelines } from '../../shared/transfer/index.ts';
import type { CommandContext } from '../run.ts';
import { withApp } from '../with-app.ts';
import { requireRegistry } from './target-registry.ts';

/** Runs a command's work on pipelines and runs. */
export async function withTransfers(
  context: CommandContext,
  work: (transfers: Transfers) => Promise<number>,
): Promise<number> {
  return await withApp(context, ({ transfers }) => work(transfers));
}

export function pipelinesOf(
  kind: PipelineKind,
  { exportPipelines, importPipelines }: Transfers,
): Pipelines<ExportPipeline | ImportPipeline> {
  return kind === 'export' ? exportPipelines : importPipelines;
}

/** The registry a new pipeline belongs to. @throws InvalidInputError `E_ARGUMENT` when neither is set */
export function registryFor(given: string | undefined, { registry }: Transfers): string {
  return requireRegistry(given ?? registry);
}

export function absent(what: string, name: string): InvalidInputError {
  return new InvalidInputError('E_ARGUMENT', `There is no ${what} ${name.slice(0, 100)}.`);
}
