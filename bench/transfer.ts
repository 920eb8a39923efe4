/**
 * What does it cost to carry a large image across a gap? Exports it from a registry into a block blob of Azurite and
 * imports it from there into another registry, and beside that moves the same bytes with Azure's SDK alone, each a
 * process of its own, round by round. Prints a table to stderr and JSON to stdout. Exit code 1 when a gate does not hold.
 * Needs disk for some five times the archive for a while. Linux only.
 * `node bench/transfer.ts [--gib 3] [--rounds 3] [--cli FILE]`, where FILE is our command line program in another form
 * than the bundled one: `cli/main.ts`, for example.
 */
import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { conclude, machineWith, roundsFrom, SHARED_MEMORY, stopSignal } from './bench-program.ts';
import { startDockerRegistry } from './bench-registry.ts';
import { bundleCli } from './bundled-cli.ts';
import { gzipLayer } from './gzip-layer.ts';
import { pushImage } from './push-image.ts';
import { formatTransferReport, judgeTransfer } from './transfer/report.ts';
import { runRounds } from './transfer/run-rounds.ts';

const GIB = 2 ** 30;
/** Source, target, two blobs, and what is written beside them. */
const ROOM = 6;
const TIMEOUT_MS = 60 * 60_000;
/** Parts of the whole: large layers and many small ones. */
const LAYERS = [0.5, 0.25, 0.125, ...Array.from({ length: 12 }, () => 0.01)];
const PLACE = { repository: 'bench/transfer', tag: 'v1' };

const { values: flags } = parseArgs({
  options: {
    gib: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    cli: { type: 'string' },
  },
});
const gib = Number(flags.gib);
if (!(gib > 0)) throw new Error(`--gib must be a number above 0, not "${flags.gib}".`);
const rounds = roundsFrom(flags.rounds);

const signal = stopSignal(TIMEOUT_MS);

/** In memory where there is plenty: the disk is not what is measured. */
async function roomyFolder(): Promise<string> {
  const bytes = gib * GIB * ROOM;
  const { bavail, bsize } = await statfs(SHARED_MEMORY).catch(() => ({ bavail: 0, bsize: 0 }));
  return Math.min(bavail * bsize, freemem() / 1.5) > bytes ? SHARED_MEMORY : tmpdir();
}

const folder = await mkdtemp(join(await roomyFolder(), 'longshore-bench-transfer-'));
try {
  const cli = flags.cli === undefined ? await bundleCli(join(folder, 'cli')) : resolve(flags.cli);
  const workFolder = join(folder, 'work');
  await mkdir(workFolder);
  await using source = await startDockerRegistry(join(folder, 'source'));
  await using target = await startDockerRegistry(join(folder, 'target'));
  const layers = LAYERS.map((share, at) => gzipLayer(`layer ${at}`, Math.round(share * gib * GIB)));
  const image = await pushImage({ ...PLACE, host: source.host, signal }, 'amd64', layers);
  const samples = await runRounds({ ...PLACE, cli, source, target, image, rounds, workFolder, signal });
  const gates = judgeTransfer(samples);
  console.error(formatTransferReport(samples, gates));
  const passed = gates.every(({ holds }) => holds);
  conclude(
    'transfer',
    { machine: machineWith(folder), cli: flags.cli ?? 'bundled', gib, rounds, samples, gates },
    passed,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
