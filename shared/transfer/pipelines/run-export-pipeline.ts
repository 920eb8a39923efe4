import {
  type Descriptor,
  type Platform,
  parsePlatform,
  parseReference,
  type RepositoryName,
} from '../../content/index.ts';
import { codeOf, StorageError, TransportError } from '../../errors.ts';
import type { ContentSource } from '../../imports/index.ts';
import { lazy } from '../../memo.ts';
import { type Catalog, createCatalogSigner, readCatalog } from '../archive/index.ts';
import { expandArtifacts, exportArchive, type OpenExportRepository } from '../export/index.ts';
import {
  type ArchiveContainer,
  CATEGORY,
  type CreateBlobOptions,
  type StorageAccess,
} from '../storage/index.ts';
import { connectStorage } from './connect-storage.ts';
import type { ExportPipeline } from './pipeline.ts';
import type { PipelineRun } from './pipeline-run.ts';
import type { RunCall, RunResult } from './run-result.ts';

export interface ExportRunPorts {
  readonly storage: StorageAccess;
  readonly repository: OpenExportRepository;
  /** Opens what manifests and blobs are read from. Default: `repository`, as often as it likes to be read. */
  readonly openSources?: OpenExportSources | undefined;
}

/**
 * Opens the sources of one export. What is read of them may be limited, and is reserved here: what does not fit now is a
 * `BudgetError`, what never can an `InvalidInputError`.
 */
export type OpenExportSources = (
  registry: string,
  work: {
    /** What it begins with. */
    readonly roots: readonly (RepositoryName & Descriptor)[];
    readonly platforms: readonly Platform[];
    /** Manifests it needs at least, where an earlier try has found out. */
    readonly pulls: number | undefined;
    readonly signal: AbortSignal | undefined;
  },
) => Promise<{
  source(name: RepositoryName): ContentSource;
  /** Gives back what was reserved and not needed; never rejects. */
  close(): Promise<void>;
}>;

/** Whose work a blob is, so that a run that is delivered again knows its own. */
const OWNER_KEY = 'longshore_run';

/** Carries out an export run: artifacts of the pipeline's registry into an archive in its container. */
export async function runExportPipeline(
  run: PipelineRun,
  pipeline: ExportPipeline,
  { storage, repository, openSources }: ExportRunPorts,
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

  const platforms = extensions.platforms?.map(parsePlatform);
  const { artifacts: resolved, failed } = await expandArtifacts(wanted, repository, {
    registry,
    continueOnErrors,
    limit: extensions.artifactLimit,
    signal,
  });
  const signingKey =
    extensions.signingKey &&
    (await storage.secrets.read(extensions.signingKey, { signal, clientId: pipeline.identity?.clientId }));
  const opened =
    resolved.length > 0
      ? await openSources?.(registry, {
          roots: resolved.map(({ name: artifact, root }) => ({ ...parseReference(artifact), ...root })),
          platforms: platforms ?? [],
          pulls: run.longshore.pulls,
          signal,
        })
      : undefined;
  const artifacts = resolved.map((artifact) => ({
    ...artifact,
    source: opened?.source(parseReference(artifact.name)) ?? artifact.source,
  }));
  const metadata = { [CATEGORY.key]: CATEGORY.value, [OWNER_KEY]: owner };
  const closed = lazy(async () => await opened?.close());
  const exported = await exportArchive({
    artifacts,
    name,
    open: async (part, size) => {
      // All manifests are read by now.
      await closed();
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
      platforms,
      continueOnErrors,
      onProgress: ({ bytesDone, bytesTotal }) => onShare(bytesTotal === 0 ? 0 : bytesDone / bytesTotal),
      signal,
    },
  }).finally(closed);
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
