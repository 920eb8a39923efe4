import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { sampleEnvironment, sampleSeed } from './test/helpers/sample.ts';
import { SlowestFirst } from './test/helpers/slowest-first.ts';
import { SummaryReporter } from './test/helpers/summary-reporter.ts';

/** Files that change what all code of a process shares: the module loader, the environment, a module of Node.js. */
const ISOLATED = [
  'test/integration/faults-transfer-side-by-side.test.ts',
  'test/integration/functions-host.test.ts',
  'test/integration/functions-host-{blob,service-bus,streaming}.test.ts',
];

const sample = sampleSeed(process.env);

export default defineConfig({
  test: {
    pool: 'threads',
    // Half of the time of the slow tests goes into waiting for servers and processes, which another worker can use.
    maxWorkers: availableParallelism() + 1,
    // For machines that are busy with other things: no test waits for its timeout.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    globalSetup: ['test/helpers/shared-storage.ts'],
    env: sampleEnvironment(sample),
    sequence: { sequencer: SlowestFirst },
    reporters: ['default', new SummaryReporter(sample)],
    projects: [
      {
        extends: true,
        test: { name: 'isolated', include: ISOLATED },
      },
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...ISOLATED],
          // Files share a worker and its modules, which keep no state; `leaves-nothing` fails a file that leaves any.
          isolate: false,
          setupFiles: ['test/helpers/leaves-nothing.ts', 'test/helpers/overwrite-released-memory.ts'],
          // Node.js runs the sources as they are, here as everywhere. Without vite there is no `vi.mock`.
          experimental: { viteModuleRunner: false, nodeLoader: false },
        },
      },
    ],
  },
});
