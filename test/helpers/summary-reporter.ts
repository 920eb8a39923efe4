import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * Ends a run with what was left out, by suite, and with one plain line: `N passed, N failed, N skipped`. A test file
 * that could not be loaded counts as a failed test.
 */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const broken = modules.filter((module) => module.errors().length > 0).length;
    const inState = (state: string) => tests.filter((test) => test.result().state === state);
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

function suiteOf({ module, parent }: TestCase): string {
  return parent.type === 'suite' ? `${module.relativeModuleId} > ${parent.name}` : module.relativeModuleId;
}
