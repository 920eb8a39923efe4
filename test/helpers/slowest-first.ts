import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** How long a file of a folder may take, in milliseconds, where no run has measured it. */
const GUESSES: readonly (readonly [folder: string, ms: number])[] = [
  ['test/e2e/', 20_000],
  ['test/integration/', 2_000],
];

/**
 * Starts the slowest files of each project first, so that no worker begins a long one when the others are done. How long
 * a file takes is known from the last run; in a clean checkout it is guessed from its folder and, within one, its size.
 */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const byProject = Map.groupBy(await super.sort(files), (file) => file.project);
    return [...byProject.values()].flatMap((sorted) =>
      sorted.sort((a, b) => this.#durationOf(b) - this.#durationOf(a)),
    );
  }

  #durationOf(file: TestSpecification): number {
    const name = relative(this.ctx.config.root, file.moduleId);
    const guess = GUESSES.find(([folder]) => name.startsWith(folder))?.[1] ?? 0;
    return this.ctx.cache.getTestSpecificationResult(file)?.duration ?? guess;
  }
}
