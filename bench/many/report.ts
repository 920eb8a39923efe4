import { formatCounts, seconds, table } from '../copy/report.ts';
import { formatSpread } from '../spread.ts';
import type { ManyGateResult } from './gates.ts';
import type { MirrorResult } from './run-mirrors.ts';

/** The results for people, as Markdown tables. */
export function formatManyReport(results: readonly MirrorResult[], gates: readonly ManyGateResult[]): string {
  return [
    ...results.flatMap(caseTables),
    ...table(
      ['gate', 'at most', 'measured', 'holds'],
      gates.map(({ case: name, run, what, to, max, measured, holds }) => [
        `${name}, ${run}: ${what}${to === undefined ? '' : ` / ${to}`}`,
        String(max),
        String(measured),
        holds ? 'yes' : '**no**',
      ]),
    ),
  ].join('\n');
}

function caseTables({ case: name, description, rows }: MirrorResult): readonly string[] {
  return [
    `### ${name} (${description})`,
    '',
    ...table(
      ['target', 'client', 'wall s', 'CPU s', 'peak MiB', 'ours / it: wall', 'ours / it: CPU', 'requests'],
      rows.map((row) => [
        row.run,
        row.name,
        seconds(row.wallMs),
        seconds(row.cpuMs),
        row.peakRssMiB ? formatSpread(row.peakRssMiB, 0) : '',
        formatSpread(row.ratios.wallMs),
        formatSpread(row.ratios.cpuMs),
        String(row.requests.all),
      ]),
    ),
    '',
    ...table(
      ['target', 'client', 'at the source', 'at the target'],
      rows.map(({ run, name: client, requests }) => [
        run,
        client,
        formatCounts(requests.source),
        formatCounts(requests.target),
      ]),
    ),
    '',
  ];
}
