import {
  algorithmOf,
  type Digest,
  digestOf,
  isDigest,
  isTag,
  MAX_MANIFEST_BYTES,
  type ManifestContent,
  manifestContent,
  mediaTypeOf,
} from '../../content/index.ts';
import { InvalidInputError } from '../../errors.ts';
import { readBody } from '../body.ts';
import { type Call, knownRepository } from '../call.ts';
import { DistributionError } from '../errors.ts';
import { type ManifestMetadata, manifestMetadata } from '../manifest-metadata.ts';
import type { EndpointResponse } from '../message.ts';
import type { DeletionStorage, PullStorage, PushStorage } from '../ports.ts';

/** Distribution-spec, "Pulling manifests". */
export async function readManifest(
  call: Call,
  pull: PullStorage,
  name: string,
  reference: string,
): Promise<EndpointResponse> {
  const repository = await knownRepository(call, pull, name);
  const manifest = isReference(reference) ? await repository.findManifest(reference, call) : undefined;
  if (!manifest) throw unknownManifest(reference);
  const { mediaType, digest, size } = manifest;
  const headers = {
    'Content-Type': mediaType,
    'Content-Length': String(size),
    'Docker-Content-Digest': digest,
  };
  if (call.method === 'HEAD') return { status: 200, headers };
  const body = await manifest.read(call);
  if (!body) throw unknownManifest(reference);
  return { status: 200, headers, body };
}

export interface PutOptions {
  /** Accept an index although manifests it lists are missing. */
  readonly acceptSparseIndexes: boolean;
}

/** Distribution-spec, "Pushing Manifests". */
export async function putManifest(
  call: Call,
  push: PushStorage,
  name: string,
  reference: string,
  { acceptSparseIndexes }: PutOptions,
): Promise<EndpointResponse> {
  if (!isReference(reference)) {
    throw new DistributionError(
      'MANIFEST_INVALID',
      `"${reference.slice(0, 160)}" is neither a tag nor a digest.`,
    );
  }
  const bytes = await readBody(call.body, call.headers['content-length'], {
    maxBytes: MAX_MANIFEST_BYTES,
    tooLarge,
    signal: call.signal,
  });
  const { content, metadata } = check(bytes, call.headers['content-type'], reference);
  if (!(metadata.isIndex && acceptSparseIndexes)) await demandReferences(call, push, name, metadata);
  const tag = isDigest(reference) ? undefined : reference;
  await push.putManifest(name, { content, metadata, tag }, call);
  return {
    status: 201,
    headers: {
      Location: `/v2/${name}/manifests/${content.digest}`,
      'Docker-Content-Digest': content.digest,
      ...(metadata.subject && { 'OCI-Subject': metadata.subject }),
    },
  };
}

/** Distribution-spec, "Deleting tags" and "Deleting Manifests". */
export async function deleteManifest(
  call: Call,
  pull: PullStorage,
  deletion: DeletionStorage,
  name: string,
  reference: string,
): Promise<EndpointResponse> {
  await knownRepository(call, pull, name);
  const isDeleted = isDigest(reference)
    ? await deletion.deleteManifest(name, reference, call)
    : isTag(reference) && (await deletion.deleteTag(name, reference, call));
  if (!isDeleted) throw unknownManifest(reference);
  return { status: 202 };
}

function isReference(text: string): boolean {
  return isDigest(text) || isTag(text);
}

/** Everything that can be said about a manifest from its bytes and headers alone. */
function check(
  bytes: Uint8Array,
  contentType: string | undefined,
  reference: string,
): { content: ManifestContent; metadata: ManifestMetadata } {
  const digest = digestOf(bytes, isDigest(reference) ? algorithmOf(reference) : 'sha256');
  if (isDigest(reference) && reference !== digest) {
    throw new DistributionError('DIGEST_INVALID', `The manifest's digest is ${digest}, not ${reference}.`);
  }
  try {
    const content = manifestContent(bytes, mediaTypeOf(bytes, contentType), digest);
    const metadata = manifestMetadata(content);
    if (metadata.ownMediaType !== undefined && metadata.ownMediaType !== content.mediaType) {
      throw new DistributionError(
        'MANIFEST_INVALID',
        `The Content-Type is ${content.mediaType}, but the mediaType of the manifest is ${metadata.ownMediaType}.`,
      );
    }
    return { content, metadata };
  } catch (error) {
    if (error instanceof InvalidInputError) throw new DistributionError('MANIFEST_INVALID', error.message);
    throw error;
  }
}

async function demandReferences(
  call: Call,
  push: PushStorage,
  name: string,
  { references }: ManifestMetadata,
): Promise<void> {
  const missing: Digest[] = [];
  for (const digest of references) {
    if (!(await push.hasContent(name, digest, call))) missing.push(digest);
  }
  if (missing.length === 0) return;
  throw new DistributionError(
    'MANIFEST_BLOB_UNKNOWN',
    `The repository lacks content that the manifest references: ${missing[0]}.`,
    { detail: { digests: missing } },
  );
}

function tooLarge(): DistributionError {
  return new DistributionError('SIZE_INVALID', `A manifest may have at most ${MAX_MANIFEST_BYTES} bytes.`, {
    status: 413,
  });
}

function unknownManifest(reference: string): DistributionError {
  return new DistributionError(
    'MANIFEST_UNKNOWN',
    `The repository has no manifest "${reference.slice(0, 160)}".`,
    { detail: { reference } },
  );
}
