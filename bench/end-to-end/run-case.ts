import { type Spread, spreadOf } from '../spread.ts';
import { type EndToEndCase, pushContent } from './content.ts';
import { runService, type ServicePlace, type ServiceRun } from './run-service.ts';
import { runSync } from './run-sync.ts';
import type { TableOperations } from './table-operations.ts';

export interface EndToEndResult {
  readonly name: string;
  readonly tags: number;
  readonly firstQueuedMs: Spread;
  readonly allQueuedMs: Spread;
  readonly allImportedMs: Spread;
  readonly syncMs: Spread;
  /** As multiples of `longshore sync` of the same round. */
  readonly ratios: { readonly allQueued: Spread; readonly allImported: Spread };
  readonly duringPolls: Spread | undefined;
  readonly after: Spread | undefined;
  readonly functionsCpuMs: Spread;
  readonly functionsPeakMiB: Spread;
  readonly azuriteCpuMs: Spread;
  readonly azuritePeakMiB: Spread;
  /** Of a run that was not measured, since counting takes time. */
  readonly tableOperations: TableOperations | undefined;
  readonly operationsPerTag: number | undefined;
  readonly messages: Readonly<Record<string, number>>;
  readonly warnings: number;
}

/** The service and `longshore sync` in turn, round by round. */
export async function runEndToEndCase(
  one: EndToEndCase,
  place: ServicePlace,
  { rounds, countOperations }: { readonly rounds: number; readonly countOperations: boolean },
): Promise<EndToEndResult> {
  const content = await pushContent(one, place.sourceHost, place.signal);
  const counted = countOperations ? await runService(content, place, { countOperations }) : undefined;
  const services: ServiceRun[] = [];
  const syncs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    syncs.push((await runSync(content, place)).wallMs);
    services.push(await runService(content, place, { countOperations: false }));
  }
  const spread = (pick: (run: ServiceRun) => number, digits?: number) => spreadOf(services.map(pick), digits);
  const tags = one.repositories * one.tags;
  const operations = counted?.tableOperations;
  const all = Object.entries(operations ?? {}).filter(([name]) => !name.startsWith('$batch'));
  return {
    name: one.name,
    tags,
    firstQueuedMs: spread((run) => run.firstQueuedMs),
    allQueuedMs: spread((run) => run.allQueuedMs),
    allImportedMs: spread((run) => run.allImportedMs),
    syncMs: spreadOf(syncs),
    ratios: {
      allQueued: spreadOf(services.map((run, at) => run.allQueuedMs / (syncs[at] ?? Number.NaN))),
      allImported: spreadOf(services.map((run, at) => run.allImportedMs / (syncs[at] ?? Number.NaN))),
    },
    duringPolls: spreadIfAny(services.map((run) => run.importsPerSecond.duringPolls)),
    after: spreadIfAny(services.map((run) => run.importsPerSecond.after)),
    functionsCpuMs: spread((run) => run.functions.cpuMs),
    functionsPeakMiB: spread((run) => run.functions.peakRssMiB),
    azuriteCpuMs: spread((run) => run.azurite.cpuMs),
    azuritePeakMiB: spread((run) => run.azurite.peakRssMiB),
    tableOperations: operations,
    operationsPerTag: operations && all.reduce((sum, [, count]) => sum + count, 0) / tags,
    messages: services.at(-1)?.messages ?? {},
    warnings: services.reduce((sum, run) => sum + run.warnings, 0),
  };
}

function spreadIfAny(values: readonly (number | undefined)[]): Spread | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : spreadOf(known);
}
