import type { MirrorCase } from './mirrored-content.ts';
import { LONGSHORE, SKOPEO } from './mirrors.ts';
import type { MirrorResult, MirrorRow, RunKind } from './run-mirrors.ts';

/** What must hold: a median of ratios taken round by round, or an exact number of requests of ours. */
interface ManyGate {
  readonly case: MirrorCase;
  readonly run: RunKind;
  readonly what: 'wall / skopeo sync' | 'CPU / skopeo sync' | 'requests' | 'pulls';
  readonly max: number;
}

const GATES: readonly ManyGate[] = [
  { case: 'many', run: 'empty', what: 'wall / skopeo sync', max: 0.2 },
  { case: 'many', run: 'empty', what: 'CPU / skopeo sync', max: 0.4 },
  { case: 'many', run: 'empty', what: 'pulls', max: 300 },
  { case: 'many', run: 'empty', what: 'requests', max: 4_800 },
  { case: 'many', run: 'unchanged', what: 'wall / skopeo sync', max: 0.2 },
  { case: 'many', run: 'unchanged', what: 'CPU / skopeo sync', max: 0.55 },
  { case: 'many', run: 'unchanged', what: 'pulls', max: 0 },
  { case: 'many', run: 'unchanged', what: 'requests', max: 2_000 },
  { case: 'fleet', run: 'empty', what: 'wall / skopeo sync', max: 0.3 },
  { case: 'fleet', run: 'empty', what: 'pulls', max: 600 },
  { case: 'fleet', run: 'empty', what: 'requests', max: 6_802 },
  { case: 'fleet', run: 'unchanged', what: 'wall / skopeo sync', max: 0.3 },
  { case: 'fleet', run: 'unchanged', what: 'requests', max: 2_000 },
];

export interface ManyGateResult extends ManyGate {
  readonly measured: number;
  readonly holds: boolean;
}

/** Those against a peer that is not installed are left out. */
export function judgeMany(results: readonly MirrorResult[]): readonly ManyGateResult[] {
  return GATES.flatMap((gate) => {
    const rows = results.find((result) => result.case === gate.case)?.rows ?? [];
    const measured = measuredFor(gate, rows);
    return measured === undefined ? [] : [{ ...gate, measured, holds: measured <= gate.max }];
  });
}

function measuredFor({ run, what }: ManyGate, rows: readonly MirrorRow[]): number | undefined {
  const row = (wanted: string) => rows.find((one) => one.run === run && one.name === wanted);
  switch (what) {
    case 'wall / skopeo sync':
      return row(SKOPEO)?.ratios.wallMs.median;
    case 'CPU / skopeo sync':
      return row(SKOPEO)?.ratios.cpuMs.median;
    case 'requests':
      return row(LONGSHORE)?.requests.all;
    case 'pulls':
      return row(LONGSHORE) && (row(LONGSHORE)?.requests.source['GET manifest'] ?? 0);
  }
}
