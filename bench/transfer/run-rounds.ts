import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BlobSASPermissions, BlobServiceClient } from '@azure/storage-blob';
import { startAzurite } from '../../local/azurite.ts';
import type { DockerRegistry } from '../bench-registry.ts';
import { coldEnvironment } from '../copy/candidates.ts';
import { type Cost, runMeasured } from '../copy/run-measured.ts';
import { assertHolds, type PushedImage } from '../push-image.ts';

const PLAIN_UPLOAD = fileURLToPath(new URL('./plain-upload.ts', import.meta.url));
const PLAIN_DOWNLOAD = fileURLToPath(new URL('./plain-download.ts', import.meta.url));
const HOUR_MS = 60 * 60_000;

/** Ours, and the same bytes by the SDK alone: with the registry at the other end, and without one. */
export type Contestant =
  | 'export'
  | 'SDK, registry to blob'
  | 'SDK, file to blob'
  | 'import'
  | 'SDK, blob to registry'
  | 'SDK, blob to nowhere';

export interface RoundsOptions {
  /** The file that Node runs as our command line program. */
  readonly cli: string;
  readonly source: DockerRegistry;
  /** Emptied after each import. */
  readonly target: DockerRegistry;
  readonly repository: string;
  readonly tag: string;
  readonly image: PushedImage;
  readonly rounds: number;
  /** Working directory of the processes, and where storage lies. */
  readonly workFolder: string;
  readonly signal: AbortSignal;
}

export interface Round {
  /** Of the archive. */
  readonly bytes: number;
  readonly costs: Readonly<Record<Contestant, Cost>>;
}

/** Every contestant in turn, round by round. */
export async function runRounds(options: RoundsOptions): Promise<readonly Round[]> {
  const rounds: Round[] = [];
  while (rounds.length < options.rounds) rounds.push(await runRound(options));
  return rounds;
}

/** With storage that is new, because Azurite keeps what was deleted for a while. */
async function runRound(options: RoundsOptions): Promise<Round> {
  const { cli, source, target, repository, tag, image, workFolder, signal } = options;
  await using stack = new AsyncDisposableStack();
  const folder = stack.adopt(await mkdtemp(join(workFolder, 'storage-')), (path) =>
    rm(path, { recursive: true, force: true }),
  );
  const azurite = stack.use(await startAzurite({ folder }));
  const service = BlobServiceClient.fromConnectionString(azurite.connectionString);
  const container = service.getContainerClient('bench');
  await container.create();
  const urlOf = (blob: string) =>
    container.getBlobClient(blob).generateSasUrl({
      permissions: BlobSASPermissions.parse('rcw'),
      expiresOn: new Date(Date.now() + HOUR_MS),
    });
  const measure = (...command: readonly string[]) =>
    runMeasured([process.execPath, ...command], {
      folder: workFolder,
      env: coldEnvironment(workFolder),
      signal,
    });

  const archiveUrl = await urlOf('archive.tar');
  const exported = await measure(cli, 'export', `${source.host}/${repository}:${tag}`, '--to', archiveUrl);
  const blobsUrl = `http://${source.host}/v2/${repository}/blobs`;
  const blobs = image.blobs.map(({ digest }) => `${blobsUrl}/${digest}`);
  const fromRegistry = await measure(PLAIN_UPLOAD, await urlOf('from-registry'), ...blobs);
  const file = join(folder, 'archive.tar');
  const archive = container.getBlobClient('archive.tar');
  await archive.downloadToFile(file);
  const fromFile = await measure(PLAIN_UPLOAD, await urlOf('from-file'), file);

  const imported = await measure(cli, 'import-archive', archiveUrl, '--registry', target.host);
  await assertHolds(target.host, repository, tag, image);
  await target.wipe();
  const ranges = await rangesOf(image, file);
  const targetUrl = `http://${target.host}/v2/${repository}`;
  const toRegistry = await measure(PLAIN_DOWNLOAD, archiveUrl, ...ranges, targetUrl);
  await target.wipe();
  const toNowhere = await measure(PLAIN_DOWNLOAD, archiveUrl, ...ranges);
  const { contentLength: bytes = 0 } = await archive.getProperties();
  return {
    bytes,
    costs: {
      export: exported,
      'SDK, registry to blob': fromRegistry,
      'SDK, file to blob': fromFile,
      import: imported,
      'SDK, blob to registry': toRegistry,
      'SDK, blob to nowhere': toNowhere,
    },
  };
}

/** Where blobs lie in an archive, as `OFFSET:SIZE:DIGEST`. tar tells the block of each header; content is one further. */
async function rangesOf({ blobs }: PushedImage, file: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('tar', ['--list', '--block-number', `--file=${file}`]);
  const headers = stdout.matchAll(/^block (\d+): blobs\/(\w+)\/([0-9a-f]+)$/gm);
  const blocks = new Map([...headers].map(([, block, kind, hex]) => [`${kind}:${hex}`, Number(block)]));
  return blobs.map(({ digest, size }) => {
    const block = blocks.get(digest);
    if (block === undefined) throw new Error(`${digest} is not in the archive.`);
    return `${(block + 1) * 512}:${size}:${digest}`;
  });
}
