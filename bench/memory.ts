/**
 * Does importing a large layer need more memory than importing a small one? Imports an image of one layer from
 * one registry into another with the bundled command line program, for two sizes, each in a process of its own, and
 * prints the peaks as JSON. Needs 13 GB of disk for a while. Exit code 1 when the large one needs too much: in any run over the limit, or in the
 * median more than the small one by more than the growth allowed. Linux only. `node bench/memory.ts`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { conclude, stopSignal } from './bench-program.ts';
import { startBenchRegistry } from './bench-registry.ts';
import { bundleCli } from './bundled-cli.ts';
import { incompressibleBytes } from './incompressible-bytes.ts';
import { pushImage, taggedDigest } from './push-image.ts';

const MIB = 1024 * 1024;
const SMALL_LAYER_BYTES = 100 * MIB;
const LARGE_LAYER_BYTES = 4096 * MIB;
const MAX_PEAK_MIB = 128;
const MAX_GROWTH_MIB = 16;
const REPETITIONS = 3;
const TIMEOUT_MS = 30 * 60_000;

const REPOSITORY = 'bench/one-layer';
const PRELOAD = new URL('./report-peak-memory.mjs', import.meta.url).href;

interface Measurement {
  readonly layerMiB: number;
  /** Of each import; when garbage is collected differs from run to run. */
  readonly peaksMiB: readonly number[];
  readonly medianPeakMiB: number;
  readonly medianMibPerSecond: number;
}

/** Pushes an image to the source, then imports it several times, each into a repository that is empty. */
async function measureImports(
  { cli, source, target, layerBytes }: { cli: string; source: string; target: string; layerBytes: number },
  folder: string,
  signal: AbortSignal,
): Promise<Measurement> {
  const tag = `${layerBytes}-bytes`;
  const layer = incompressibleBytes(tag, layerBytes);
  const place = { host: source, repository: REPOSITORY, tag, signal };
  const { root } = await pushImage(place, 'amd64', [layer]);

  const peaksMiB: number[] = [];
  const mibPerSecond: number[] = [];
  for (let repetition = 1; repetition <= REPETITIONS; repetition += 1) {
    const repository = `${REPOSITORY}/${repetition}`;
    const from = performance.now();
    const places = [`${source}/${REPOSITORY}:${tag}`, `${target}/${repository}:${tag}`];
    const peakBytes = await peakOfImport([cli, 'import', ...places], folder, signal);
    const seconds = (performance.now() - from) / 1000;
    const arrived = await taggedDigest(target, repository, tag);
    if (arrived !== root.digest)
      throw new Error(`The target's tag names ${arrived}, the source's ${root.digest}.`);
    peaksMiB.push(rounded(peakBytes / MIB));
    mibPerSecond.push(rounded(layerBytes / MIB / seconds));
  }
  return {
    layerMiB: layerBytes / MIB,
    peaksMiB,
    medianPeakMiB: median(peaksMiB),
    medianMibPerSecond: median(mibPerSecond),
  };
}

/** Runs `import` in an empty working directory, so that no configuration is picked up. */
async function peakOfImport(
  command: readonly string[],
  folder: string,
  signal: AbortSignal,
): Promise<number> {
  const child = spawn(process.execPath, ['--import', PRELOAD, ...command], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    signal,
  });
  const [, , , report] = child.stdio;
  if (!report || !('read' in report)) throw new Error('The process measured has no pipe to report by.');
  const [[exitCode], peak] = await Promise.all([once(child, 'exit'), text(report)]);
  if (exitCode !== 0) throw new Error(`The import ended with exit code ${exitCode}.`);
  const bytes = Number.parseInt(peak, 10);
  if (!(bytes > 0)) throw new Error(`The process measured reported "${peak}" as its peak memory.`);
  return bytes;
}

/** Of an odd number of values. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

const signal = stopSignal(TIMEOUT_MS);

const folder = await mkdtemp(join(tmpdir(), 'longshore-bench-'));
try {
  await using source = await startBenchRegistry(join(folder, 'source'));
  await using target = await startBenchRegistry(join(folder, 'target'));
  const means = { cli: await bundleCli(join(folder, 'cli')), source: source.host, target: target.host };
  const small = await measureImports({ ...means, layerBytes: SMALL_LAYER_BYTES }, folder, signal);
  const large = await measureImports({ ...means, layerBytes: LARGE_LAYER_BYTES }, folder, signal);

  const growthMiB = rounded(large.medianPeakMiB - small.medianPeakMiB);
  const limits = { peakMiB: MAX_PEAK_MIB, growthMiB: MAX_GROWTH_MIB };
  const passed = Math.max(...large.peaksMiB) <= limits.peakMiB && growthMiB <= limits.growthMiB;
  const registries = { source: source.kind, target: target.kind };
  conclude('memory', { registries, runs: [small, large], growthMiB, limits, passed }, passed);
} finally {
  await rm(folder, { recursive: true, force: true });
}
