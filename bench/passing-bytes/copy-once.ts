/** Makes one copy over TLS with the memory it is told, in a process of its own, and sends its parent what it cost. */
import { readFile } from 'node:fs/promises';
import { parseReference } from '../../shared/content/index.ts';
import { importImage } from '../../shared/imports/index.ts';
import { createRegistryClient, type MemoryOptions } from '../../shared/registry/index.ts';
import type { Cost } from '../copy/run-measured.ts';
import { peakMemoryBytes } from '../peak-memory.ts';

export interface CopyTask {
  readonly source: string;
  readonly target: string;
  readonly caFile: string;
  readonly memory: MemoryOptions;
}

process.once('message', async ({ source, target, caFile, memory }: CopyTask) => {
  const ca = await readFile(caFile, 'utf8');
  const client = createRegistryClient({
    memory,
    registrySettings: () => ({ plainHttp: false, tls: async () => ({ ca }) }),
  });
  const { tag = 'latest', ...repository } = parseReference(target);
  const before = process.cpuUsage();
  const from = performance.now();
  await importImage((name) => client.repository(name), parseReference(source), { ...repository, tag });
  const { user, system } = process.cpuUsage(before);
  const cost: Cost = {
    wallMs: performance.now() - from,
    cpuMs: (user + system) / 1000,
    peakRssMiB: peakMemoryBytes() / 1024 / 1024,
  };
  process.send?.(cost);
  await client.close();
  process.disconnect();
});
