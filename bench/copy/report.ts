import { formatSpread, type Spread } from '../spread.ts';
import type { GateResult } from './gates.ts';
import type { RequestCounts } from './request-counts.ts';
import type { CaseResult, CaseRow } from './run-case.ts';

/** The results for people, as Markdown tables. */
export function formatReport(results: readonly CaseResult[], gates: readonly GateResult[]): string {
  return [...results.flatMap(caseTable), ...gateTable(gates)].join('\n');
}

function caseTable({ case: name, link, description, rows }: CaseResult): readonly string[] {
  const [first] = rows;
  const own = first?.name ?? '';
  return [
    `### ${name} (${description})${link === 'plain' ? '' : `, ${link}`}`,
    '',
    ...table(
      ['client', 'wall s', 'CPU s', 'peak MiB', `${own} / it: wall`, `${own} / it: CPU`, 'requests'],
      rows.map((row) => [
        row.name,
        seconds(row.wallMs),
        seconds(row.cpuMs),
        row.peakRssMiB ? formatSpread(row.peakRssMiB, 0) : '',
        ...ratiosTo(row, first),
        row.requests ? String(row.requests.all) : '',
      ]),
    ),
    '',
    ...(link === 'plain' ? [...requestsTable(rows), ''] : []),
  ];
}

function requestsTable(rows: readonly CaseRow[]): readonly string[] {
  return table(
    ['client', 'at the source', 'at the target'],
    rows.flatMap(({ name: client, requests }) =>
      requests ? [[client, formatCounts(requests.source), formatCounts(requests.target)]] : [],
    ),
  );
}

/** What the first row's measurements are as a multiple of this row's. */
function ratiosTo(row: CaseRow, first: CaseRow | undefined): readonly string[] {
  const ratios = first?.ratios[row.name];
  return ratios ? [formatSpread(ratios.wallMs), formatSpread(ratios.cpuMs)] : ['1', '1'];
}

function gateTable(gates: readonly GateResult[]): readonly string[] {
  return table(
    ['gate', 'at most', 'measured', 'holds'],
    gates.map(({ case: name, link, what, of, to, max, measured, holds }) => [
      `${name}${link ? `, ${link}` : ''}: ${of}${to === undefined ? '' : ` / ${to}`}, ${what === 'requests' ? what : what === 'wallMs' ? 'wall' : 'CPU'}`,
      String(max),
      String(measured),
      holds ? 'yes' : '**no**',
    ]),
  );
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

export function seconds({ median, min, max }: Spread): string {
  return formatSpread({ median: median / 1000, min: min / 1000, max: max / 1000 });
}

export function formatCounts(counts: RequestCounts): string {
  return Object.entries(counts)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');
}
