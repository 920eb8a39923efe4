import { createAzureClients } from '../azure/index.ts';
import { type Environment, processEnvironment } from '../config/index.ts';
import { type Digest, formatReference, parsePlatform } from '../content/index.ts';
import { codeOf, describeError, InvalidInputError } from '../errors.ts';
import type { CopyProgress } from '../imports/index.ts';
import type { RegistryClient, Repository } from '../registry/index.ts';
import {
  type Archive,
  type ArchiveFile,
  type ArtifactSurvey,
  type ArtifactTarget,
  type CopiedToTarget,
  copyToTarget,
  createCatalogSigner,
  type ExportProgress,
  type ExportResult,
  expandArtifacts,
  exportArchive,
  type FailedArtifact,
  namingDamage,
  openWholeArchive,
  readCatalog,
  readTrustedKey,
  type SecretSource,
  surveyArtifact,
  type TrustedKey,
  targetReference,
} from '../transfer/index.ts';
import { type ArchivePlace, archivePlace, type OpenedFile } from './archive-place.ts';
import { createSecretReader } from './transfer-access.ts';

/** What commands on archives have in common: they need no queue, no records and no configuration. */
export interface ArchiveCall {
  readonly environment?: Environment | undefined;
  /** Of blobs; where it is kept. Default: in the address, else the identity of this program. */
  readonly sasToken?: SecretSource | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ExportCall extends ArchiveCall {
  readonly registry: Pick<RegistryClient, 'repository'>;
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
  const tools = toolsFor(call);
  const platforms = call.platforms?.map(parsePlatform);
  const key = call.signKey && (await tools.secrets.read(call.signKey, { signal }));
  const sign = key === undefined ? undefined : createCatalogSigner(key);
  const place = await tools.place(call.to, {
    purpose: 'export',
    rights: ['w'],
    overwrite: call.overwrite,
  });
  await using opened = new AsyncDisposableStack();
  const base =
    call.base === undefined ? undefined : await tools.place(call.base, { purpose: 'import', rights: ['r'] });
  const baseFile = base && (await openFile(base, base.name, opened, signal));
  const { artifacts, failed } = await expandArtifacts(call.artifacts, (name) => registry.repository(name), {
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

export interface OpenCall extends ArchiveCall {
  readonly from: string;
  /** Archives that hold what a differential one leaves out. */
  readonly bases?: readonly string[] | undefined;
  /** Public keys: one of them must have signed the archive. */
  readonly verifyKeys?: readonly SecretSource[] | undefined;
}

export interface ImportCall extends OpenCall {
  readonly repository: Pick<RegistryClient, 'repository'>;
  /** Host of the registry that is imported into. */
  readonly registry: string;
  readonly overwriteTags?: boolean | undefined;
  readonly continueOnErrors?: boolean | undefined;
  readonly onProgress?: ((artifact: string, progress: CopyProgress) => void) | undefined;
}

export interface ImportedArtifactReport extends CopiedToTarget {
  readonly target: string;
}

export interface ArchiveImportReport {
  readonly imported: readonly ImportedArtifactReport[];
  readonly failed: readonly FailedArtifact[];
}

/** Imports what an archive holds, one artifact after the other. */
export async function importFromArchive(call: ImportCall): Promise<ArchiveImportReport> {
  const { repository, registry, signal } = call;
  await using opened = await openFrom(call);
  const imported: ImportedArtifactReport[] = [];
  const failed: FailedArtifact[] = [];
  for (const { artifact, target } of planned(opened, registry)) {
    const name = formatReference(target);
    try {
      const copied = await copyToTarget(
        namingDamage(opened.archive.source, opened.files),
        artifact.descriptor.digest,
        repository.repository(target),
        target,
        {
          platforms: artifact.platforms,
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
  return { imported, failed };
}

/** What an artifact would need to be imported. */
export interface TargetGap {
  readonly target: string;
  /** What the tag names there now. */
  readonly before: Digest | undefined;
  /** `unchanged`: nothing to do. `new`: no such tag. `moves`: the tag names other content. */
  readonly state: 'unchanged' | 'new' | 'moves';
  /** Blobs that the target lacks, with their bytes. */
  readonly blobs: number;
  readonly bytes: number;
}

export interface ShownArtifact extends Omit<ArtifactSurvey, 'manifests' | 'blobs'> {
  readonly name: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly blobs: number;
  /** Signatures, SBOMs, attestations; `undefined` in archives that others made. */
  readonly referrers: number | undefined;
  readonly gap: TargetGap | undefined;
}

export interface ShownArchive {
  readonly from: string;
  /** Names of its files. */
  readonly parts: readonly string[];
  readonly signedBy: string | undefined;
  readonly base: Digest | undefined;
  readonly artifacts: readonly ShownArtifact[];
}

export interface ShowCall extends OpenCall {
  /** With a registry: what that lacks. */
  readonly target?:
    | { readonly repository: Pick<RegistryClient, 'repository'>; readonly registry: string }
    | undefined;
}

/** What an archive holds, and what a registry lacks of it. Reads manifests only, and asks the registry by HEAD. */
export async function showArchive(call: ShowCall): Promise<ShownArchive> {
  const { target, signal } = call;
  await using opened = await openFrom(call);
  const { archive, files, place } = opened;
  const artifacts: ShownArtifact[] = [];
  for (const artifact of archive.artifacts) {
    const { digest, mediaType, annotations } = artifact.descriptor;
    const survey = await surveyArtifact(archive.source, artifact, { signal });
    const listed = archive.catalog?.catalog.artifacts.find((one) => one.digest === digest);
    const reference = target && targetReference(artifact.descriptor, place.name, target.registry);
    const { blobs, platforms, size } = survey;
    artifacts.push({
      name: listed?.name ?? nameOf(annotations) ?? digest,
      digest,
      mediaType,
      platforms,
      size,
      blobs: blobs.length,
      referrers: listed?.referrers.length,
      gap:
        target &&
        reference &&
        (await gapOf(target.repository.repository(reference), reference, digest, survey, signal)),
    });
  }
  const signature = archive.catalog?.signature;
  return {
    from: place.shown,
    parts: files.map(({ name }) => name),
    signedBy: signature && keyIdIn(signature),
    base: archive.catalog?.catalog.base?.catalog,
    artifacts,
  };
}

async function gapOf(
  to: Repository,
  target: ArtifactTarget,
  digest: Digest,
  { blobs }: ArtifactSurvey,
  signal: AbortSignal | undefined,
): Promise<TargetGap> {
  const before = (await to.resolve(target.tag ?? digest, { signal }))?.digest;
  const name = formatReference(target);
  if (before === digest) return { target: name, before, state: 'unchanged', blobs: 0, bytes: 0 };
  const lacking = [];
  for (const blob of blobs) if (!(await to.hasBlob(blob.digest, { signal }))) lacking.push(blob);
  const bytes = lacking.reduce((sum, { size }) => sum + size, 0);
  return { target: name, before, state: before ? 'moves' : 'new', blobs: lacking.length, bytes };
}

interface OpenedArchive extends AsyncDisposable {
  readonly archive: Archive;
  readonly place: ArchivePlace;
  readonly files: readonly ArchiveFile[];
}

async function openFrom(call: OpenCall): Promise<OpenedArchive> {
  const { signal } = call;
  const tools = toolsFor(call);
  const trustedKeys = call.verifyKeys && (await readKeys(call.verifyKeys, tools, signal));
  await using opening = new AsyncDisposableStack();
  const place = await tools.place(call.from, { purpose: 'import', rights: ['r'] });
  const file = await openFile(place, place.name, opening, signal);
  const bases = [];
  for (const location of call.bases ?? []) {
    const base = await tools.place(location, { purpose: 'import', rights: ['r'] });
    bases.push(await openFile(base, base.name, opening, signal));
  }
  const files: ArchiveFile[] = [{ name: place.name, file }];
  const openPart = async (name: string) => {
    const part = await place.open(name, signal);
    if (part?.[Symbol.asyncDispose]) opening.defer(() => part[Symbol.asyncDispose]?.());
    if (part) files.push({ name, file: part });
    return part;
  };
  const archive = opening.use(
    await openWholeArchive(file, place.name, { openPart, bases, trustedKeys, signal }),
  );
  const kept = opening.move();
  return { archive, place, files, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function openFile(
  place: ArchivePlace,
  name: string,
  opening: AsyncDisposableStack,
  signal: AbortSignal | undefined,
): Promise<OpenedFile> {
  const file = await place.open(name, signal);
  if (!file) throw new InvalidInputError('E_ARGUMENT', `There is no archive "${place.shown}".`);
  if (file[Symbol.asyncDispose]) opening.defer(() => file[Symbol.asyncDispose]?.());
  return file;
}

/** All targets, before the first byte is copied. */
function planned({ archive, place }: OpenedArchive, registry: string) {
  return archive.artifacts.map((artifact) => ({
    artifact,
    target: targetReference(artifact.descriptor, place.name, registry),
  }));
}

async function readKeys(
  sources: readonly SecretSource[],
  { secrets }: Tools,
  signal: AbortSignal | undefined,
): Promise<readonly TrustedKey[]> {
  return await Promise.all(
    sources.map(async (source) => readTrustedKey(await secrets.read(source, { signal }))),
  );
}

type Tools = ReturnType<typeof toolsFor>;

function toolsFor({ environment = processEnvironment(), sasToken, signal }: ArchiveCall) {
  const azure = createAzureClients();
  const secrets = createSecretReader(environment, azure);
  return {
    secrets,
    place: async (
      location: string,
      options: Pick<Parameters<typeof archivePlace>[1], 'purpose' | 'rights' | 'overwrite'>,
    ) => {
      const token = sasToken && (await secrets.read(sasToken, { signal }));
      return await archivePlace(location, { ...options, azure, sasToken: token });
    },
  };
}

function nameOf(annotations: Readonly<Record<string, string>> | undefined): string | undefined {
  return annotations?.['io.containerd.image.name'] ?? annotations?.['org.opencontainers.image.ref.name'];
}

function keyIdIn(signature: Uint8Array): string {
  const value: unknown = JSON.parse(new TextDecoder().decode(signature));
  const keyId = typeof value === 'object' && value !== null ? Reflect.get(value, 'keyId') : undefined;
  return String(keyId).slice(0, 100);
}
