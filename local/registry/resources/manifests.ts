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
} from '../../../shared/content/index.ts';
import { InvalidInputError } from '../../../shared/errors.ts';
import type { Answer } from '../answer.ts';
import { type Call, knownRepository, refuseMethod } from '../call.ts';
import { Refusal } from '../errors.ts';
import { type ManifestFacts, manifestFacts } from '../manifest-facts.ts';
import type { RepositoryLayout } from '../storage/repository-layout.ts';

/** Distribution-spec, "Pulling manifests", "Pushing Manifests", "Deleting tags", "Deleting Manifests". */
export async function answerManifest(call: Call, name: string, reference: string): Promise<Answer> {
  switch (call.method) {
    case 'GET':
    case 'HEAD':
      return readManifest(call, await knownRepository(call, name), reference);
    case 'PUT':
      return putManifest(call, name, reference);
    case 'DELETE':
      return deleteManifest(await knownRepository(call, name), reference);
    default:
      return refuseMethod(call, 'GET', 'HEAD', 'PUT', 'DELETE');
  }
}

async function readManifest(call: Call, repository: RepositoryLayout, reference: string): Promise<Answer> {
  const facts = repository.findManifest(reference);
  if (!facts) throw unknownManifest(reference);
  const { mediaType, digest, size } = facts.descriptor;
  const headers = {
    'Content-Type': mediaType,
    'Content-Length': String(size),
    'Docker-Content-Digest': digest,
  };
  if (call.method === 'HEAD') return { status: 200, headers };
  const body = await repository.readManifest(digest);
  if (!body) throw unknownManifest(reference);
  return { status: 200, headers, body };
}

async function putManifest(call: Call, name: string, reference: string): Promise<Answer> {
  if (!isDigest(reference) && !isTag(reference)) {
    throw new Refusal('MANIFEST_INVALID', `"${reference.slice(0, 160)}" is neither a tag nor a digest.`);
  }
  const bytes = await readBounded(call.body);
  const { content, facts } = check(bytes, call.headers['content-type'], reference);
  const existing = await call.storage.repository(name);
  if (!(facts.isIndex && call.acceptSparseIndexes)) await demandReferences(existing, facts);
  const repository = existing ?? (await call.storage.createRepository(name));
  await repository.putManifest(content, facts, isDigest(reference) ? undefined : reference);
  return {
    status: 201,
    headers: {
      Location: `/v2/${name}/manifests/${content.digest}`,
      'Docker-Content-Digest': content.digest,
      ...(facts.subject && { 'OCI-Subject': facts.subject }),
    },
  };
}

/** Everything that can be said about a manifest from its bytes and headers alone. */
function check(
  bytes: Uint8Array,
  contentType: string | undefined,
  reference: string,
): { content: ManifestContent; facts: ManifestFacts } {
  const digest = digestOf(bytes, isDigest(reference) ? algorithmOf(reference) : 'sha256');
  if (isDigest(reference) && reference !== digest) {
    throw new Refusal('DIGEST_INVALID', `The manifest's digest is ${digest}, not ${reference}.`);
  }
  try {
    const content = manifestContent(bytes, mediaTypeOf(bytes, contentType), digest);
    const facts = manifestFacts(content);
    if (facts.ownMediaType !== undefined && facts.ownMediaType !== content.mediaType) {
      throw new Refusal(
        'MANIFEST_INVALID',
        `The Content-Type is ${content.mediaType}, but the manifest calls itself ${facts.ownMediaType}.`,
      );
    }
    return { content, facts };
  } catch (error) {
    if (error instanceof InvalidInputError) throw new Refusal('MANIFEST_INVALID', error.message);
    throw error;
  }
}

async function demandReferences(
  repository: RepositoryLayout | undefined,
  { references }: ManifestFacts,
): Promise<void> {
  const missing: Digest[] = [];
  for (const digest of references) {
    if ((await repository?.blobSize(digest)) === undefined) missing.push(digest);
  }
  if (missing.length === 0) return;
  throw new Refusal('MANIFEST_BLOB_UNKNOWN', `The repository lacks content of the manifest: ${missing[0]}.`, {
    detail: { digests: missing },
  });
}

async function deleteManifest(repository: RepositoryLayout, reference: string): Promise<Answer> {
  const deleted = isDigest(reference)
    ? await repository.deleteManifest(reference)
    : await repository.deleteTag(reference);
  if (!deleted) throw unknownManifest(reference);
  return { status: 202 };
}

async function readBounded(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > MAX_MANIFEST_BYTES) {
      throw new Refusal('SIZE_INVALID', `A manifest may have ${MAX_MANIFEST_BYTES} bytes.`, { status: 413 });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function unknownManifest(reference: string): Refusal {
  return new Refusal('MANIFEST_UNKNOWN', `The repository has no manifest "${reference.slice(0, 160)}".`, {
    detail: { reference },
  });
}
