import { table } from '../copy/report.ts';
import { formatSpread, type Spread } from '../spread.ts';
import type { EndToEndResult } from './run-case.ts';

/** The results for people, as Markdown tables. */
export function formatEndToEnd(results: readonly EndToEndResult[]): string {
  const heads = ['', ...results.map(({ name }) => name)];
  const row = (label: string, cell: (result: EndToEndResult) => string) => [label, ...results.map(cell)];
  const perTag = ({ tags }: EndToEndResult, spread: Spread) => `${(spread.median / tags).toFixed(1)} ms`;
  return [
    ...table(heads, [
      row('functions ready → first queued, s', ({ firstQueuedMs }) => seconds(firstQueuedMs)),
      row('→ all queued, s', ({ allQueuedMs }) => seconds(allQueuedMs)),
      row('→ all imported, s', ({ allImportedMs }) => seconds(allImportedMs)),
      row('`longshore sync`, s', ({ syncMs }) => seconds(syncMs)),
      row('all queued / sync', ({ ratios }) => formatSpread(ratios.allQueued)),
      row('all imported / sync', ({ ratios }) => formatSpread(ratios.allImported)),
      row('imports a second during polls', ({ duringPolls }) => rate(duringPolls)),
      row('imports a second after', ({ after }) => rate(after)),
      row('functions: CPU per tag', (result) => perTag(result, result.functionsCpuMs)),
      row('Azurite: CPU per tag', (result) => perTag(result, result.azuriteCpuMs)),
      row('functions: peak MiB', ({ functionsPeakMiB }) => formatSpread(functionsPeakMiB, 0)),
      row('table operations per tag', ({ operationsPerTag }) => operationsPerTag?.toFixed(1) ?? ''),
      row('messages', ({ messages }) =>
        Object.entries(messages)
          .filter(([, count]) => count > 0)
          .map(([queue, count]) => `${count} ${queue}`)
          .join(', '),
      ),
      row('warnings and errors', ({ warnings }) => String(warnings)),
    ]),
  ].join('\n');
}

function seconds({ median, min, max }: Spread): string {
  return formatSpread({ median: median / 1000, min: min / 1000, max: max / 1000 });
}

function rate(spread: Spread | undefined): string {
  return spread ? formatSpread(spread, 1) : '';
}
