import type { BenchCase } from './bench-images.ts';
import { LONGSHORE } from './candidates.ts';
import type { Link } from './links.ts';
import type { CaseResult } from './run-case.ts';

export const WARM = `${LONGSHORE}, warm`;

/** What must hold: a median of ratios taken round by round, or an exact number of requests. */
export interface Gate {
  readonly case: BenchCase;
  /** Default: plain. */
  readonly link?: Link;
  readonly what: 'wallMs' | 'cpuMs' | 'requests';
  readonly of: string;
  /** Whose value ours is divided by; for requests nobody's. */
  readonly to?: string;
  readonly max: number;
}

/** Against the best peer, and the least that a copy can cost. */
const GATES: readonly Gate[] = [
  { case: 'large', what: 'wallMs', of: LONGSHORE, to: 'crane', max: 1.15 },
  { case: 'large', what: 'wallMs', of: LONGSHORE, to: 'curl | curl', max: 1.3 },
  { case: 'multi', what: 'wallMs', of: LONGSHORE, to: 'crane', max: 1.2 },
  { case: 'multi', link: 'far', what: 'wallMs', of: LONGSHORE, to: 'crane', max: 0.9 },
  { case: 'multi', what: 'requests', of: LONGSHORE, max: 159 },
  { case: 'small', what: 'wallMs', of: LONGSHORE, to: 'crane', max: 2.2 },
  { case: 'small', what: 'wallMs', of: WARM, to: 'crane', max: 1 },
  { case: 'small', what: 'requests', of: LONGSHORE, max: 27 },
];

export interface GateResult extends Gate {
  readonly measured: number;
  readonly holds: boolean;
}

/** The gates of the cases that were run, against peers that are installed. */
export function judge(results: readonly CaseResult[]): readonly GateResult[] {
  return GATES.flatMap((gate) => {
    const measured = measuredFor(gate, results);
    return measured === undefined ? [] : [{ ...gate, measured, holds: measured <= gate.max }];
  });
}

function measuredFor(gate: Gate, results: readonly CaseResult[]): number | undefined {
  const row = results
    .find((result) => result.link === (gate.link ?? 'plain') && result.case === gate.case)
    ?.rows.find(({ name }) => name === gate.of);
  if (gate.what === 'requests') return row?.requests?.all;
  return gate.to === undefined ? undefined : row?.ratios[gate.to]?.[gate.what].median;
}
