import { type Digest, formatReference, type RepositoryName } from '../../content/index.ts';
import { ArchiveError, codeOf, describeError, type SideOptions, StorageError } from '../../errors.ts';
import type {
  ContentSource,
  ContentTarget,
  CopyProgress,
  PlacementLog,
  PlacementOptions,
  PlacementRecords,
  TagGuard,
} from '../../imports/index.ts';
import type { Records } from '../../records.ts';
import type { Logger } from '../../telemetry/index.ts';
import { catalogId, readCatalog, readTrustedKey, type TrustedKey } from '../archive/index.ts';
import {
  type CopyArtifact,
  importArchive,
  isPartName,
  nameDamagedFile,
  PartFiles,
  targetReference,
} from '../import/index.ts';
import type { ArchiveContainer, OpenedBlob, StorageAccess } from '../storage/index.ts';
import { runNameFor } from './arrivals.ts';
import { connectStorage } from './connect-storage.ts';
import { copyToTarget } from './copy-to-target.ts';
import type { ImportPipeline } from './pipeline.ts';
import { type PipelineRun, runKey } from './pipeline-run.ts';
import { finished, isOver, type RunReport } from './run-progress.ts';
import type { RunCall, RunResult } from './run-result.ts';

export interface ImportRunPorts extends PlacementRecords {
  readonly runs: Pick<Records<PipelineRun>, 'update'>;
  readonly storage: StorageAccess;
  readonly repository: (name: RepositoryName, options?: SideOptions) => ContentSource & ContentTarget;
  /** Where placements of tags are told. Default: nowhere. */
  readonly log?: PlacementLog | undefined;
  /** Policies that each move of a tag must pass, beyond the order of archives. Default: none. */
  readonly guards?: readonly TagGuard[] | undefined;
  readonly logger: Logger;
  /** Waits for another mover of a tag. Default: a timer. */
  readonly wait?: PlacementOptions['wait'];
}

type Imported = NonNullable<RunReport['artifacts']>[number];
type Failures = { name: string; code: string; message: string; error: unknown }[];

/**
 * Carries out an import run: the artifacts of an archive in the pipeline's container into the pipeline's registry. The
 * parts of a split archive each start a run; the one that finds them all imports them. Blobs are deleted, where that is
 * wished, once everything in them was imported.
 */
export async function runImportPipeline(
  run: PipelineRun,
  pipeline: ImportPipeline,
  ports: ImportRunPorts,
  call: RunCall,
): Promise<RunResult> {
  const { onShare, note, signal } = call;
  const name = run.request.source?.name ?? '';
  const container = await connectStorage(pipeline, ports.storage, { signal });
  const file = await openBlob(run, container, name, signal);
  if (typeof file === 'string') return { report: { detail: file }, failures: [] };
  await checkCatalogDigest(run, file, signal);

  const parts = new PartFiles(name, file, (part) => container.open(part, { signal }));
  const failures: Failures = [];
  const imported: Imported[] = [];
  let planned = 0;
  let catalogDigest: Digest | undefined;
  const shareOf = (part: number) => onShare((imported.length + failures.length + part) / planned);
  const { etag, createdAt } = run.longshore;
  // What is ordered by hand is wanted now, also when it is an older archive.
  const observedAt = etag === undefined ? createdAt : file.modifiedAt.toISOString();
  const copy = copyInto(pipeline, { run: run.name, observedAt }, ports, ({ bytesDone, bytesTotal }) =>
    shareOf(bytesTotal === 0 ? 0 : bytesDone / bytesTotal),
  );
  const onImported = (done: Imported) => {
    imported.push(done);
    shareOf(0);
  };
  // The run's own last: as long as that is there, a run that broke off goes on with the others.
  const removeAll = async () => {
    for (const blob of [...parts.opened.values()].reverse()) await container.remove(blob, { signal });
  };
  try {
    await importArchive({
      file,
      name,
      openPart: parts.openPart,
      trustedKeys: await trustedKeysOf(pipeline, ports.storage, signal),
      targetFor: (artifact) => {
        planned += 1;
        return targetReference(artifact, name, pipeline.registry);
      },
      copy: collecting(
        pipeline,
        (source, ...rest) => copy(nameDamagedFile(source, parts.files()), ...rest),
        failures,
        onImported,
      ),
      onOpened: ({ catalog }) => {
        catalogDigest = catalog && catalogId(catalog.catalog);
      },
      logger: ports.logger,
      signal,
    });
  } catch (error) {
    if (parts.missing.length === 0 || !(error instanceof ArchiveError)) throw error;
    if (run.longshore.isImported) {
      await removeAll();
      return { report: { detail: `${name} was imported and deleted` }, failures: [] };
    }
    return withoutAllParts(run, parts.missing, error);
  }
  const names = [...parts.opened.keys()];
  const report = {
    importedArtifacts: imported.map((one) => one.name),
    artifacts: imported,
    failedArtifacts: failures.map(withoutError),
    ...(names.length > 1 && { parts: names }),
    bytes: [...parts.opened.values()].reduce((sum, { size }) => sum + size, 0),
    catalogDigest,
  };
  if (pipeline.options.includes('DeleteSourceBlobOnSuccess') && failures.length === 0) {
    await note({ ...report, isImported: true });
    const others = [...parts.opened.values()].filter((part) => part.name !== name);
    for (const part of others) await endRunOf(part, run, pipeline, ports);
    await removeAll();
  }
  return { report, failures };
}

/**
 * A part that is to be deleted has nothing left to import. Its run may still wait for a message that was never sent,
 * because the worker that took the arrival died; once the blob is gone no event would send it.
 */
async function endRunOf(
  part: OpenedBlob,
  { name }: PipelineRun,
  pipeline: ImportPipeline,
  { runs, storage }: ImportRunPorts,
): Promise<void> {
  const report = { detail: `${part.name} was imported by the run ${name}` };
  await runs.update(runKey(runNameFor(pipeline, part)), (current) =>
    current && !isOver(current)
      ? finished(current, current.longshore.generation, report, undefined, storage.now())
      : current,
  );
}

/** Opens the run's blob as it was when the run was ordered. A text says why there is nothing to import any more. */
async function openBlob(
  run: PipelineRun,
  container: ArchiveContainer,
  name: string,
  signal: AbortSignal | undefined,
): Promise<OpenedBlob | string> {
  const { isImported, etag } = run.longshore;
  try {
    const file = await container.open(name, { signal });
    if (etag === undefined || etag === file.etag) return file;
    return `${name} was replaced before it was imported; its replacement has a separate run`;
  } catch (error) {
    if (!(error instanceof StorageError && error.code === 'E_STORAGE_NOT_FOUND')) throw error;
    if (isImported) return `${name} was imported and deleted`;
    // The run of another part imported all of them, and deleted this one.
    if (etag !== undefined && isPartName(name)) return `${name} is not there any more`;
    throw error;
  }
}

/** @throws ArchiveError `E_ARCHIVE_FORMAT` when the order names another catalog than that of the archive */
async function checkCatalogDigest(
  { request }: PipelineRun,
  file: OpenedBlob,
  signal: AbortSignal | undefined,
): Promise<void> {
  const wanted = request.catalogDigest;
  if (wanted === undefined) return;
  const { catalog } = await readCatalog(file, { signal });
  const found = catalog.part?.set ?? catalogId(catalog);
  if (found === wanted) return;
  throw new ArchiveError(
    'E_ARCHIVE_FORMAT',
    `The archive "${file.name}" has the catalog ${found}, not ${wanted}. It is another archive than the one that was ordered.`,
  );
}

/** A part that arrived before the others has done its work; one that is ordered by hand is to be imported now. */
function withoutAllParts(run: PipelineRun, missing: readonly string[], error: ArchiveError): RunResult {
  if (run.longshore.etag !== undefined) {
    return { report: { detail: `is imported once ${missing.join(', ')} arrived` }, failures: [] };
  }
  const name = run.request.source?.name ?? '';
  return { report: {}, failures: [{ name, code: error.code, message: error.message }] };
}

async function trustedKeysOf(
  { longshore: { trustedKeys }, identity }: ImportPipeline,
  { secrets }: StorageAccess,
  signal: AbortSignal | undefined,
): Promise<readonly TrustedKey[] | undefined> {
  if (!trustedKeys) return undefined;
  const options = { signal, clientId: identity?.clientId };
  return await Promise.all(trustedKeys.map(async (key) => readTrustedKey(await secrets.read(key, options))));
}

/** Gives what came of the artifact, with the name under which it is there. */
function copyInto(
  { options }: ImportPipeline,
  { run, observedAt }: { readonly run: string; readonly observedAt: string },
  { repository, tags, blobs, log, guards, storage, wait }: ImportRunPorts,
  onProgress: (progress: CopyProgress) => void,
): CopyArtifact<Imported> {
  const overwrites = options.includes('OverwriteTags');
  return async (source, { digest: root }, target, { signal, platforms }) => {
    const order = { source, root, platforms, to: repository(target, { side: 'target' }), target, observedAt };
    const ledger = { tags, placedBy: 'run', reference: run, log } as const;
    const { now } = storage;
    const how = { overwrites, guards, ledger, blobs, onProgress, signal, now, wait };
    const copied = await copyToTarget(order, how);
    const { state, detail, digest } = copied;
    if (target.tag === undefined) return { name: formatReference({ ...target, digest }), digest };
    return { name: formatReference(target), digest: root, state, detail };
  };
}

/** With ContinueOnErrors what fails is noted and the others go on. */
function collecting(
  { options }: ImportPipeline,
  copy: CopyArtifact<Imported>,
  failures: Failures,
  onImported: (imported: Imported) => void,
): CopyArtifact<void> {
  const continues = options.includes('ContinueOnErrors');
  return async (source, root, target, callOptions) => {
    try {
      onImported(await copy(source, root, target, callOptions));
    } catch (error) {
      callOptions.signal?.throwIfAborted();
      if (!continues) throw error;
      const name = formatReference(target);
      failures.push({ name, code: codeOf(error), message: describeError(error), error });
    }
  };
}

function withoutError({ name, code, message }: Failures[number]) {
  return { name, code, message };
}
