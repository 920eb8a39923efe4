import { describe, expect, it } from 'vitest';
import {
  digestOf,
  type ManifestContent,
  manifestContent,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../../../shared/content/index.ts';
import { RegistryError } from '../../../../shared/errors.ts';
import {
  addToReferrersIndex,
  type ReferrersIndexTag,
} from '../../../../shared/registry/repository/referrers-index.ts';
import { scriptedServer } from '../../../helpers/scripted-server.ts';
import { failureOf, testRepository } from '../client-under-test.ts';

const json = (document: unknown, mediaType = OCI_MANIFEST) =>
  manifestContent(Buffer.from(JSON.stringify(document)), mediaType);
const referrer = (text: string) => json({ artifactType: `application/${text}`, annotations: { text } });
const [a, b] = [referrer('a'), referrer('b')];
const unknownRef = new RegistryError('E_PROTOCOL', 'no', {
  status: 400,
  registryCodes: ['MANIFEST_BLOB_UNKNOWN'],
});

/** A tag in memory; `onWrite` may change what is stored, or refuse it. */
function memoryTag(
  content?: ManifestContent,
  onWrite: (index: ManifestContent, nth: number) => ManifestContent = (index) => index,
) {
  const state = { content, writes: 0, reads: 0 };
  const tag: ReferrersIndexTag = {
    tag: 'sha256-x',
    read: async () => {
      state.reads += 1;
      return state.content;
    },
    write: async (index) => {
      state.writes += 1;
      state.content = onWrite(index, state.writes);
    },
    has: async (digest) => digest !== digestOf('deleted'),
  };
  const document = () => JSON.parse(new TextDecoder().decode(state.content?.bytes));
  const listed = (): readonly string[] =>
    document().manifests.map(({ digest }: { digest: string }) => digest);
  return { tag, state, document, listed };
}

describe('adding to a referrers index', () => {
  it('makes the index, with what the API would say of each entry', async () => {
    const { tag, state, document } = memoryTag();
    await addToReferrersIndex(tag, [a]);
    expect(state.content?.mediaType).toBe(OCI_INDEX);
    const { mediaType, digest, size } = a;
    expect(document()).toEqual({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [{ mediaType, digest, size, artifactType: 'application/a', annotations: { text: 'a' } }],
    });
  });

  it('takes the type of the config where the manifest has none of its own', async () => {
    const { tag, document } = memoryTag();
    await addToReferrersIndex(tag, [json({ config: { mediaType: 'application/vnd.cosign' } })]);
    expect(document().manifests[0].artifactType).toBe('application/vnd.cosign');
  });

  it('keeps entries and fields that it does not know', async () => {
    const entry = { mediaType: 'x', digest: 'blake3:1', size: 1, extra: true };
    const { tag, document } = memoryTag(
      json({ schemaVersion: 2, manifests: [entry], annotations: { kept: 'yes' } }, OCI_INDEX),
    );
    await addToReferrersIndex(tag, [a, a]);
    expect(document()).toMatchObject({
      annotations: { kept: 'yes' },
      manifests: [entry, { digest: a.digest }],
    });
  });

  it('writes nothing when everything is there, and once when something is not', async () => {
    const { tag, state } = memoryTag();
    await addToReferrersIndex(tag, [a, b]);
    expect(state).toMatchObject({ writes: 1, reads: 2 });
    await addToReferrersIndex(tag, [b, a]);
    expect(state).toMatchObject({ writes: 1, reads: 3 });
  });

  it('writes the same bytes whatever the order', async () => {
    const [first, second] = [memoryTag(), memoryTag()];
    await addToReferrersIndex(first.tag, [a, b]);
    await addToReferrersIndex(second.tag, [b, a]);
    expect(first.state.content).toEqual(second.state.content);
  });

  it('writes again when somebody else won, and keeps what they wrote', async () => {
    const theirs = json({ schemaVersion: 2, manifests: [{ ...b, bytes: undefined }] }, OCI_INDEX);
    const { tag, listed, state } = memoryTag(undefined, (index, nth) => (nth === 1 ? theirs : index));
    await addToReferrersIndex(tag, [a]);
    expect(listed()).toEqual([b.digest, a.digest]);
    expect(state.writes).toBe(2);
  });

  it('gives up, for now, when others win every time', async () => {
    const { tag, state } = memoryTag(undefined, () => json({ manifests: [] }, OCI_INDEX));
    expect(await failureOf(addToReferrersIndex(tag, [a]))).toMatchObject({ code: 'E_UNAVAILABLE' });
    expect(state.writes).toBe(8);
  });

  it.each([
    ['an image', json({ config: {}, layers: [] })],
    ['an index that is broken', manifestContent(Buffer.from('{'), OCI_INDEX)],
  ])('does not overwrite %s', async (_, content) => {
    const { tag, state } = memoryTag(content);
    expect(await failureOf(addToReferrersIndex(tag, [a]))).toMatchObject({ code: 'E_PROTOCOL' });
    expect(state.writes).toBe(0);
  });

  it('drops entries whose manifests were deleted when the index is refused for them', async () => {
    const stale = { mediaType: OCI_MANIFEST, digest: digestOf('deleted'), size: 1 };
    const old = json({ manifests: [stale, { ...b, bytes: undefined }] }, OCI_INDEX);
    const { tag, listed } = memoryTag(old, (index) => {
      if (new TextDecoder().decode(index.bytes).includes(stale.digest)) throw unknownRef;
      return index;
    });
    await addToReferrersIndex(tag, [a]);
    expect(listed()).toEqual([b.digest, a.digest]);
  });

  it('reports another refusal as it is', async () => {
    const { tag } = memoryTag(undefined, () => {
      throw unknownRef;
    });
    expect(await failureOf(addToReferrersIndex(tag, [a]))).toBe(unknownRef);
  });
});

describe('pushing a manifest with a subject', () => {
  it.each([
    ['tells the subject that the registry lists it under', digestOf('subject'), digestOf('subject')],
    ['tells that the registry does not list it', undefined, undefined],
    ['takes no other text for a subject', 'yes', undefined],
  ])('%s', async (_, header, subject) => {
    const server = await scriptedServer(() => ({
      status: 201,
      headers: header ? { 'oci-subject': header } : {},
    }));
    expect(await testRepository(server).pushManifest(a.digest, a)).toEqual({ subject });
  });
});
