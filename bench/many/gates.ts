import type { MirrorCase } from './mirrored-content.ts';
import { CRANE, LONGSHORE, REGSYNC, SKOPEO } from './mirrors.ts';
import type { MirrorResult, MirrorRow, RunKind } from './run-mirrors.ts';

/** What must hold: a median of ratios taken round by round, or an exact number of requests of ours. */
interface ManyGate {
  readonly case: MirrorCase;
  readonly run: RunKind;
  readonly what: 'wall' | 'CPU' | 'requests' | 'pulls';
  /** The peer that ours is divided by; absent for counts. */
  readonly to?: string;
  readonly max: number;
}

const GATES: readonly ManyGate[] = [
  { case: 'many', run: 'empty', what: 'wall', to: CRANE, max: 0.7 },
  { case: 'many', run: 'unchanged', what: 'wall', to: CRANE, max: 0.9 },
  { case: 'fleet', run: 'unchanged', what: 'wall', to: REGSYNC, max: 1 },
  { case: 'many', run: 'empty', what: 'wall', to: SKOPEO, max: 0.2 },
  { case: 'many', run: 'empty', what: 'CPU', to: SKOPEO, max: 0.4 },
  { case: 'many', run: 'empty', what: 'pulls', max: 300 },
  { case: 'many', run: 'empty', what: 'requests', max: 4_800 },
  { case: 'many', run: 'unchanged', what: 'wall', to: SKOPEO, max: 0.2 },
  { case: 'many', run: 'unchanged', what: 'CPU', to: SKOPEO, max: 0.55 },
  { case: 'many', run: 'unchanged', what: 'pulls', max: 0 },
  { case: 'many', run: 'unchanged', what: 'requests', max: 2_004 },
  { case: 'fleet', run: 'empty', what: 'wall', to: SKOPEO, max: 0.3 },
  { case: 'fleet', run: 'empty', what: 'pulls', max: 600 },
  { case: 'fleet', run: 'empty', what: 'requests', max: 7_202 },
  { case: 'fleet', run: 'unchanged', what: 'wall', to: SKOPEO, max: 0.3 },
  { case: 'fleet', run: 'unchanged', what: 'requests', max: 2_400 },
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

function measuredFor({ run, what, to = '' }: ManyGate, rows: readonly MirrorRow[]): number | undefined {
  const row = (wanted: string) => rows.find((one) => one.run === run && one.name === wanted);
  switch (what) {
    case 'wall':
      return row(to)?.ratios.wallMs.median;
    case 'CPU':
      return row(to)?.ratios.cpuMs.median;
    case 'requests':
      return row(LONGSHORE)?.requests.all;
    case 'pulls':
      return row(LONGSHORE) && (row(LONGSHORE)?.requests.source['GET manifest'] ?? 0);
  }
}
