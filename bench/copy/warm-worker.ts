/**
 * A process that lives on between copies, as a queue worker does. Told a copy by message, it makes it and answers
 * with what it took.
 */
import { parseReference } from '../../shared/content/index.ts';
import { importImage } from '../../shared/imports/index.ts';
import { createRegistryClient } from '../../shared/registry/index.ts';
import { peakMemoryBytes } from '../peak-memory.ts';
import type { Cost } from './run-measured.ts';

export interface WarmCopy {
  readonly source: string;
  readonly target: string;
}

const registries = createRegistryClient();

async function copy({ source, target }: WarmCopy): Promise<Cost> {
  const { tag = 'latest', ...repository } = parseReference(target);
  const cpuBefore = process.cpuUsage();
  const from = performance.now();
  const to = { ...repository, tag };
  await importImage((name, options) => registries.repository(name, options), parseReference(source), to, {
    referrers: false,
  });
  const wallMs = performance.now() - from;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    wallMs,
    cpuMs: (user + system) / 1000,
    peakRssMiB: peakMemoryBytes() / 1024 / 1024,
  };
}

process.on('message', (task: WarmCopy) => {
  void copy(task).then(
    (cost) => process.send?.(cost),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
