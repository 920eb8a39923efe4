import { formatSpread, type Spread, spreadOf } from '../spread.ts';
import type { Contestant, Round } from './run-rounds.ts';

const ROWS: readonly { readonly ours: 'export' | 'import'; readonly name: Contestant }[] = [
  { ours: 'export', name: 'export' },
  { ours: 'export', name: 'SDK, registry to blob' },
  { ours: 'export', name: 'SDK, file to blob' },
  { ours: 'import', name: 'import' },
  { ours: 'import', name: 'SDK, blob to registry' },
  { ours: 'import', name: 'SDK, blob to nowhere' },
];
const MAX_PEAK_MIB = 300;
/** Of the throughput of the SDK between the same two ends. */
const MIN_THROUGHPUT = 0.8;

export interface Gate {
  readonly what: string;
  readonly limit: string;
  readonly measured: number;
  readonly holds: boolean;
}

/** Ours divided by the other's, round by round. Equal bytes: the times are in inverse proportion. */
function throughputTo(rounds: readonly Round[], ours: 'export' | 'import', other: Contestant): Spread {
  return spreadOf(rounds.map(({ costs }) => costs[other].wallMs / costs[ours].wallMs));
}

export function judgeTransfer(rounds: readonly Round[]): readonly Gate[] {
  const ends = { export: 'SDK, registry to blob', import: 'SDK, blob to registry' } as const;
  return (['export', 'import'] as const).flatMap((ours) => {
    const peak = Math.max(...rounds.map(({ costs }) => costs[ours].peakRssMiB ?? Number.NaN));
    const throughput = throughputTo(rounds, ours, ends[ours]).median;
    return [
      {
        what: `${ours}: peak MiB`,
        limit: `< ${MAX_PEAK_MIB}`,
        measured: Math.round(peak),
        holds: peak < MAX_PEAK_MIB,
      },
      {
        what: `${ours}: throughput / ${ends[ours]}`,
        limit: `>= ${MIN_THROUGHPUT}`,
        measured: throughput,
        holds: throughput >= MIN_THROUGHPUT,
      },
    ];
  });
}

/** Tables for people, in Markdown. */
export function formatTransferReport(rounds: readonly Round[], gates: readonly Gate[]): string {
  const rows = ROWS.map(({ ours, name }) => {
    const costs = rounds.map((round) => ({ ...round.costs[name], bytes: round.bytes }));
    const cells = [
      name,
      formatSpread(spreadOf(costs.map(({ wallMs }) => wallMs / 1000))),
      formatSpread(spreadOf(costs.map(({ wallMs, bytes }) => bytes / 1000 / wallMs)), 0),
      formatSpread(spreadOf(costs.map(({ cpuMs }) => cpuMs / 1000))),
      formatSpread(spreadOf(costs.map(({ peakRssMiB }) => peakRssMiB ?? 0)), 0),
      name === ours ? '1' : formatSpread(throughputTo(rounds, ours, name)),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    `${((rounds[0]?.bytes ?? 0) / 2 ** 30).toFixed(2)} GiB, n = ${rounds.length}`,
    '',
    '| | wall s | MB/s | CPU s | peak MiB | throughput: ours / it |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    ...gates.map(
      ({ what, limit, measured, holds }) =>
        `${holds ? 'holds' : 'DOES NOT HOLD'}: ${what} ${limit}: ${measured}`,
    ),
  ].join('\n');
}
