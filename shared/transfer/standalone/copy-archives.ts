import { type Digest, formatReference, parsePlatform, type RepositoryName } from '../../content/index.ts';
import { codeOf, describeError, type SideOptions } from '../../errors.ts';
import type { ContentTarget, CopyProgress } from '../../imports/index.ts';
import { createCatalogSigner, readCatalog } from '../archive/index.ts';
import {
  type ExportProgress,
  type ExportResult,
  expandArtifacts,
  exportArchive,
  type FailedArtifact,
  type OpenExportRepository,
} from '../export/index.ts';
import { nameDamagedFile, planImport, targetReference } from '../import/index.ts';
import { type CopiedToTarget, copyToTarget } from '../pipelines/index.ts';
import type { SecretSource } from '../storage/index.ts';
import {
  type ArchiveCall,
  archiveServices,
  type OpenCall,
  openArchiveSource,
  openFile,
} from './open-archive-source.ts';

export interface ExportCall extends ArchiveCall {
  readonly registry: { readonly repository: OpenExportRepository };
  readonly artifacts: readonly string[];
  /** A path or the address of a blob. */
  readonly to: string;
  /** An archive, or its catalog: what it has is left out. */
  readonly base?: string | undefined;
  readonly partBytes?: number | undefined;
  readonly signKey?: SecretSource | undefined;
  readonly platforms?: readonly string[] | undefined;
  readonly referrers?: boolean | undefined;
  readonly overwrite?: boolean | undefined;
  readonly continueOnErrors?: boolean | undefined;
  readonly onProgress?: ((progress: ExportProgress) => void) | undefined;
}

/** Writes artifacts into an archive. @throws whatever keeps it from being written whole */
export async function exportToArchive(call: ExportCall): Promise<ExportResult & { readonly to: string }> {
  const { registry, continueOnErrors, signal } = call;
  const services = archiveServices(call);
  const platforms = call.platforms?.map(parsePlatform);
  const key = call.signKey && (await services.secrets.read(call.signKey, { signal }));
  const sign = key === undefined ? undefined : createCatalogSigner(key);
  const place = await services.place(call.to, {
    purpose: 'export',
    rights: ['w'],
    overwrite: call.overwrite,
  });
  const base =
    call.base === undefined
      ? undefined
      : await services.place(call.base, { purpose: 'import', rights: ['r'] });
  const baseFile = base && (await openFile(base, signal));
  const { artifacts, failed } = await expandArtifacts(call.artifacts, (...of) => registry.repository(...of), {
    continueOnErrors,
    signal,
  });
  const result = await exportArchive({
    artifacts,
    name: place.name,
    open: (name, size) => place.create(name, size, signal),
    options: {
      base: baseFile && (await readCatalog(baseFile, { signal })).catalog,
      maxPartBytes: call.partBytes,
      sign,
      platforms,
      referrers: call.referrers,
      continueOnErrors,
      onProgress: call.onProgress,
      signal,
    },
  });
  return { ...result, failed: [...failed, ...result.failed], to: place.shown };
}

export interface ImportCall extends OpenCall {
  readonly repository: { repository(name: RepositoryName, options?: SideOptions): ContentTarget };
  /** Host of the registry that is imported into. */
  readonly registry: string;
  readonly overwriteTags?: boolean | undefined;
  readonly continueOnErrors?: boolean | undefined;
  readonly onProgress?: ((artifact: string, progress: CopyProgress) => void) | undefined;
}

export interface ImportedArtifactReport extends Omit<CopiedToTarget, 'detail'> {
  readonly target: string;
}

export interface ArchiveImportReport {
  readonly imported: readonly ImportedArtifactReport[];
  readonly failed: readonly FailedArtifact[];
  /** Artifacts without a name, beside others that have one. */
  readonly leftOut: readonly Digest[];
}

/** Imports what an archive holds, one artifact after the other. */
export async function importFromArchive(call: ImportCall): Promise<ArchiveImportReport> {
  const { repository, registry, signal } = call;
  await using opened = await openArchiveSource(call);
  const imported: ImportedArtifactReport[] = [];
  const failed: FailedArtifact[] = [];
  const { plan, leftOut } = planImport(opened.archive.artifacts, opened.place.name, (artifact, name) =>
    targetReference(artifact, name, registry),
  );
  for (const { root, platforms, target } of plan) {
    const name = formatReference(target);
    try {
      const { detail: _, ...copied } = await copyToTarget(
        {
          source: nameDamagedFile(opened.archive.source, opened.files),
          root: root.digest,
          platforms,
          to: repository.repository(target, { side: 'target' }),
          target,
        },
        {
          overwrites: call.overwriteTags ?? false,
          onProgress: (progress) => call.onProgress?.(name, progress),
          signal,
        },
      );
      const { digest } = copied;
      imported.push({ target: target.tag ? name : formatReference({ ...target, digest }), ...copied });
    } catch (error) {
      signal?.throwIfAborted();
      if (!call.continueOnErrors) throw error;
      failed.push({ name, code: codeOf(error), message: describeError(error) });
    }
  }
  return { imported, failed, leftOut: leftOut.map(({ digest }) => digest) };
}
