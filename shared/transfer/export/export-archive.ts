import type { Digest, Platform } from '../../content/index.ts';
import { codeOf, describeError } from '../../errors.ts';
import { type Catalog, type CatalogSigner, catalogId } from '../archive/index.ts';
import type { ArchiveFacts, OpenSink } from './archive-sink.ts';
import { BlobReadError, type OpenBlob } from './blob-prefetcher.ts';
import { type PartPlan, planArchive } from './plan-archive.ts';
import {
  type ContinueOnErrors,
  continuesAfter,
  type ExportArtifact,
  type FailedArtifact,
  planArtifacts,
} from './plan-artifacts.ts';
import type { PlannedArtifact } from './planned-artifact.ts';
import { writeParts } from './write-parts.ts';

export interface ExportProgress {
  /** Bytes of all parts. They start over when the export has to begin anew. */
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

export interface ExportOptions {
  /** Blobs that this archive or catalog lists are left out. */
  readonly base?: Catalog | undefined;
  /** Split into files of at most this size. */
  readonly maxPartBytes?: number | undefined;
  readonly sign?: CatalogSigner | undefined;
  /** Default: true. */
  readonly referrers?: boolean | undefined;
  /** Take only these out of indexes. Empty or absent: all. */
  readonly platforms?: readonly Platform[] | undefined;
  /** Leave out artifacts that cannot be read; otherwise the first failure ends the export. */
  readonly continueOnErrors?: ContinueOnErrors | undefined;
  readonly onProgress?: ((progress: ExportProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ExportRequest {
  readonly artifacts: readonly ExportArtifact[];
  /** The archive's file name, for example `team/app.tar`; parts are called `team/app.part-1-of-3.tar`. */
  readonly name: string;
  readonly open: OpenSink;
  readonly options?: ExportOptions | undefined;
}

export interface ExportedPart extends ArchiveFacts {
  readonly name: string;
}

export interface ExportResult {
  readonly parts: readonly ExportedPart[];
  /** Of the whole, also when it is split. */
  readonly catalog: Catalog;
  /** See `catalogId`: what a differential export on top of this one refers to. */
  readonly catalogDigest: Digest;
  readonly failed: readonly FailedArtifact[];
}

/**
 * Writes artifacts into an archive, or the parts of one: docs/guides/archive-format.md. Manifests are read first, so
 * that everything about the archive is known before its first byte; blobs go straight from their source into the file.
 * No file appears before all were written. With `continueOnErrors`, what turns out to be unreadable while it is written
 * makes the export begin anew without the artifacts that need it; when none is left, no file is written.
 * @throws InvalidInputError `E_ARGUMENT` for what cannot be asked for, and what sources and sinks throw
 */
export async function exportArchive({
  artifacts,
  name,
  open,
  options = {},
}: ExportRequest): Promise<ExportResult> {
  const { signal, onProgress = () => {} } = options;
  const plan = await planArtifacts(artifacts, options);
  const failed = [...plan.failed];
  for (let left = plan.planned; ; ) {
    const { catalog, parts } = planArchive(left, name, options);
    const result = { catalog, catalogDigest: catalogId(catalog), failed };
    if (left.length === 0) return { ...result, parts: [] };
    try {
      const onBytes = countingTo(parts, onProgress);
      return { ...result, parts: await writeParts(parts, open, opener(left), { onBytes, signal }) };
    } catch (error) {
      if (!(error instanceof BlobReadError)) throw error;
      if (!continuesAfter(error.cause, options.continueOnErrors)) throw error.cause;
      const { digest, cause } = error;
      const needsIt = ({ blobs }: PlannedArtifact) => blobs.has(digest);
      const reason = { code: codeOf(cause), message: describeError(cause) };
      failed.push(...left.filter(needsIt).map((one) => ({ name: one.name, ...reason })));
      left = left.filter((one) => !needsIt(one));
    }
  }
}

/** Opens each blob where the first of the artifacts is from that need it. */
function opener(artifacts: readonly PlannedArtifact[]): OpenBlob {
  const sources = new Map(
    artifacts
      .toReversed()
      .flatMap(({ source, blobs }) => [...blobs.keys()].map((digest) => [digest, source])),
  );
  return async (blob, signal) => {
    const source = sources.get(blob.digest);
    if (!source) throw new Error(`${blob.digest} is in no artifact.`);
    return source.openBlob(blob, { signal });
  };
}

function countingTo(
  parts: readonly PartPlan[],
  onProgress: (progress: ExportProgress) => void,
): (count: number) => void {
  const bytesTotal = parts.reduce((sum, { size }) => sum + size, 0);
  let bytesDone = 0;
  return (count) => {
    bytesDone += count;
    onProgress({ bytesDone, bytesTotal });
  };
}
