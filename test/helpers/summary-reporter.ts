import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { describeSample } from './sample.ts';

/** How many of the slowest files are named. */
const SLOWEST = 10;

/**
 * Ends a run with its slowest files, with what was sampled or left out, by suite, and with one plain line: `N passed, N failed,
 * N skipped`. A test file that could not be loaded counts as a failed test.
 */
export class SummaryReporter implements Reporter {
  readonly #sample: number | undefined;

  constructor(sample: number | undefined) {
    this.#sample = sample;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const broken = modules.filter((module) => module.errors().length > 0).length;
    const inState = (state: string) => tests.filter((test) => test.result().state === state);
    if (modules.length > SLOWEST) console.log(`\nSlowest of ${modules.length} files:\n${slowestOf(modules)}`);
    if (this.#sample !== undefined) console.log(`\n${describeSample(this.#sample)}`);
    const skipped = inState('skipped');
    if (skipped.length > 0) {
      const suites = Map.groupBy(skipped, suiteOf);
      console.log(`\nSKIPPED ${skipped.length} tests in ${suites.size} suites:`);
      for (const [suite, { length }] of suites) console.log(`  ${length} of ${suite}`);
    }
    const passed = inState('passed').length;
    const failed = inState('failed').length + broken;
    console.log(`\n${passed} passed, ${failed} failed, ${skipped.length} skipped`);
  }
}

function slowestOf(modules: readonly TestModule[]): string {
  return modules
    .map((module) => ({ module, ms: durationOf(module) }))
    .sort((a, b) => b.ms - a.ms)
    .slice(0, SLOWEST)
    .map(({ module, ms }) => `${(ms / 1000).toFixed(1).padStart(6)} s  ${module.relativeModuleId}`)
    .join('\n');
}

/** Imports, tests and hooks, in milliseconds. */
function durationOf(module: TestModule): number {
  const { duration, collectDuration, setupDuration } = module.diagnostic();
  return duration + collectDuration + setupDuration;
}

function suiteOf({ module, parent }: TestCase): string {
  return parent.type === 'suite' ? `${module.relativeModuleId} > ${parent.name}` : module.relativeModuleId;
}
