import { parsePlatform, type RepositoryName } from '../../content/index.ts';
import { codeOf, StorageError, TransportError } from '../../errors.ts';
import type { Catalog } from '../archive/catalog.ts';
import { createCatalogSigner } from '../archive/catalog-signature.ts';
import { readCatalog } from '../archive/read-catalog.ts';
import { exportArchive } from '../export/export-archive.ts';
import { CATEGORY } from './category.ts';
import { connectStorage, type StorageAccess } from './connect-storage.ts';
import { type ExportRepository, expandArtifacts } from './expand-artifacts.ts';
import type { ExportPipeline } from './pipeline.ts';
import type { PipelineRun } from './pipeline-run.ts';
import type { ArchiveContainer, CreateBlobOptions } from './ports.ts';
import type { RunCall, RunResult } from './run-result.ts';

export interface ExportRunPorts {
  readonly storage: StorageAccess;
  readonly repository: (name: RepositoryName) => ExportRepository;
}

/** Whose work a blob is, so that a run that is delivered again knows its own. */
const OWNER_KEY = 'longshore_run';

/** Carries out an export run: artifacts of the pipeline's registry into an archive in its container. */
export async function runExport(
  run: PipelineRun,
  pipeline: ExportPipeline,
  { storage, repository }: ExportRunPorts,
  { onShare, signal }: RunCall,
): Promise<RunResult> {
  const { artifacts: wanted = [], target } = run.request;
  const { options, longshore: extensions, registry } = pipeline;
  const name = target?.name ?? '';
  const continueOnErrors = options.includes('ContinueOnErrors') && concernsArtifact;
  const container = await connectStorage(pipeline, storage, { signal });
  const owner = `${run.name}-${run.longshore.generation}`;
  const overwrites = options.includes('OverwriteBlobs');
  // Before anything is read from the registry: hours later it would be a pity.
  await replaceable(container, name, overwrites, owner, signal);

  const { artifacts, failed } = await expandArtifacts(wanted, repository, {
    registry,
    continueOnErrors,
    limit: extensions.artifactLimit,
    signal,
  });
  const signingKey =
    extensions.signingKey &&
    (await storage.secrets.read(extensions.signingKey, { signal, clientId: pipeline.identity?.clientId }));
  const metadata = { [CATEGORY.key]: CATEGORY.value, [OWNER_KEY]: owner };
  const exported = await exportArchive({
    artifacts,
    name,
    open: async (part, size) => {
      const replaces = await replaceable(container, part, overwrites, owner, signal);
      const sink = container.create(part, size, { replaces, metadata, signal });
      const beside = (error: unknown) => besideAnother(error, container, part, owner, signal);
      return { ...sink, commit: (facts) => sink.commit(facts).catch(beside) };
    },
    options: {
      base:
        extensions.baseArchive === undefined
          ? undefined
          : await readBase(container, extensions.baseArchive, signal),
      maxPartBytes: extensions.partSize,
      sign: signingKey === undefined ? undefined : createCatalogSigner(signingKey),
      referrers: extensions.referrers,
      platforms: extensions.platforms?.map(parsePlatform),
      continueOnErrors,
      onProgress: ({ bytesDone, bytesTotal }) => onShare(bytesTotal === 0 ? 0 : bytesDone / bytesTotal),
      signal,
    },
  });
  const { artifacts: inCatalog } = exported.catalog;
  return {
    report: {
      exportedArtifacts: inCatalog.map((artifact) => artifact.name),
      artifacts: inCatalog.map((artifact) => ({ name: artifact.name, digest: artifact.digest })),
      failedArtifacts: [...failed, ...exported.failed],
      parts: exported.parts.map((part) => part.name),
      bytes: exported.parts.reduce((sum, { size }) => sum + size, 0),
      catalogDigest: exported.catalogDigest,
    },
    failures: [...failed, ...exported.failed],
  };
}

/** What keeps everything from being read, and may be over later, is waited for rather than left out. */
function concernsArtifact(error: unknown): boolean {
  if (error instanceof TransportError) return error.code === 'E_TOO_LARGE';
  return (
    codeOf(error) !== 'E_RATE_LIMITED' && codeOf(error) !== 'E_UNAVAILABLE' && codeOf(error) !== 'E_BUDGET'
  );
}

/** What the blob may replace: what an earlier try of this run left is its own. */
async function replaceable(
  container: ArchiveContainer,
  name: string,
  overwrites: boolean,
  owner: string,
  signal: AbortSignal | undefined,
): Promise<CreateBlobOptions['replaces']> {
  if (overwrites) return 'anything';
  const there = await container.find(name, { signal });
  if (!there) return undefined;
  if (there.metadata[OWNER_KEY] === owner) return { etag: there.etag };
  throw new StorageError(
    'E_BLOB_EXISTS',
    `Blob ${name} exists already in ${container.uri} and was left as it is. Choose another name, or give the pipeline the option OverwriteBlobs.`,
  );
}

/** A message that was delivered twice has two workers write one archive: the later one leaves it to the other. */
async function besideAnother(
  error: unknown,
  container: ArchiveContainer,
  name: string,
  owner: string,
  signal: AbortSignal | undefined,
): Promise<never> {
  const isTaken = error instanceof StorageError && error.code === 'E_BLOB_EXISTS';
  const there = isTaken ? await container.find(name, { signal }) : undefined;
  if (there?.metadata[OWNER_KEY] !== owner) throw error;
  throw new TransportError('E_NETWORK', `Blob ${name} was just written by another worker on the same run.`);
}

async function readBase(
  container: ArchiveContainer,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Catalog> {
  const file = await container.open(name, { signal });
  return (await readCatalog(file, { signal })).catalog;
}
