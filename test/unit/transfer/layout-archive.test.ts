import { describe, expect, it } from 'vitest';
import { digestOf, layoutBlobPath, OCI_MANIFEST } from '../../../shared/content/index.ts';
import { openArchive } from '../../../shared/transfer/index.ts';
import { collect } from '../../helpers/collect.ts';
import {
  type ImageLayout,
  imageLayout,
  type Member,
  memoryFile,
  setIndex,
  tarOf,
  tarOfFiles,
} from '../../helpers/layout-archive.ts';

const formatError = (message: RegExp) =>
  expect.objectContaining({ code: 'E_ARCHIVE_FORMAT', message: expect.stringMatching(message) });

const open = async ({ files }: ImageLayout) => openArchive(memoryFile(await tarOfFiles(files)));

/** A valid layout with more members around it. */
const openWith = async (before: readonly Member[], after: readonly Member[] = []) => {
  const members = [...imageLayout().files].map(([name, content]) => ({ name, content }));
  return openArchive(memoryFile(await tarOf([...before, ...members, ...after])));
};

describe('an image layout archive', () => {
  it('lists its artifacts with their names', async () => {
    const layout = imageLayout({ annotations: { 'org.opencontainers.image.ref.name': 'team/app:v1' } });
    const { artifacts } = await open(layout);
    expect(artifacts).toEqual([{ descriptor: layout.root }]);
  });

  it('gives manifests byte for byte and streams blobs', async () => {
    const layer = Buffer.alloc(200_001, 'layer ');
    const layout = imageLayout({ layers: [layer, ''] });
    const { source } = await open(layout);

    const manifest = await source.fetchManifest(layout.root.digest);
    expect(manifest).toMatchObject({ mediaType: OCI_MANIFEST, digest: layout.root.digest });
    expect(Buffer.from(manifest.bytes)).toEqual(layout.files.get(layoutBlobPath(layout.root.digest)));
    const contents = await Promise.all(
      layout.layers.map(async (blob) => Buffer.concat(await collect(await source.openBlob(blob)))),
    );
    expect(contents).toEqual([layer, Buffer.alloc(0)]);
  });

  it('takes the media type of a document that does not say its own from the index', async () => {
    const layout = imageLayout();
    const bytes = Buffer.from('{"schemaVersion":2}');
    const root = {
      mediaType: 'application/vnd.example.thing+json',
      digest: digestOf(bytes),
      size: bytes.byteLength,
    };
    layout.files.set(layoutBlobPath(root.digest), bytes);
    setIndex(layout.files, [root]);
    const { source } = await open(layout);
    expect((await source.fetchManifest(root.digest)).mediaType).toBe(root.mediaType);
  });

  it('reads no layer while it is opened', async () => {
    const layout = imageLayout({ layers: [Buffer.alloc(1_000_000, 'x')] });
    const [[firstName, layer] = ['', Buffer.alloc(0)]] = layout.files;
    const file = memoryFile(await tarOfFiles(layout.files));
    await openArchive(file);
    expect(firstName).toBe(layoutBlobPath(digestOf(layer)));
    expect(file.reads.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(200_000);
  });

  it('accepts ./ before names, directories, and files that a layout does not know', async () => {
    const members = [...imageLayout().files].map(([name, content]) => ({ name: `./${name}`, content }));
    const directories = ['./', './blobs/', './blobs/sha256/', './blobs/'].map(
      (name) => ({ name, type: 'directory' }) as const,
    );
    const extra = { name: './manifest.json', content: '[]' };
    const archive = await tarOf([...directories, ...members, extra]);
    expect((await openArchive(memoryFile(archive))).artifacts).toHaveLength(1);
  });

  it.each<[string, Member, RegExp]>([
    ['an absolute path', { name: '/etc/passwd' }, /"\/etc\/passwd".*absolute/],
    ['a path that leads upwards', { name: 'blobs/../../x' }, /"blobs\/..\/..\/x".*"\.\."/],
    ['a backslash', { name: '..\\x' }, /backslash/],
    ['a symbolic link', { name: 'l', type: 'symlink', linkname: 'x' }, /"l" is refused.*link/],
    ['a hard link', { name: 'l', type: 'link', linkname: 'index.json' }, /"l" is refused.*link/],
    ['a device', { name: 'd', type: 'block-device' }, /"d" is refused.*device/],
    ['a pipe', { name: 'p', type: 'fifo' }, /"p" is refused/],
    [
      'a second index',
      { name: './index.json', content: '{}' },
      /index.json" is refused: the archive has a file of that path already/,
    ],
  ])('refuses %s, wherever it stands', async (_, member, message) => {
    await expect(openWith([member])).rejects.toEqual(formatError(message));
    await expect(openWith([], [member])).rejects.toEqual(formatError(message));
  });

  it('says what it found when it is another kind of archive', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const archive = memoryFile(await tarOf(names.map((name) => ({ name }))));
    await expect(openArchive(archive)).rejects.toEqual(
      formatError(/neither an OCI image layout \(oci-layout and index.json not found.*"a", .*"e" and 2 more/),
    );
    await expect(openArchive(memoryFile(await tarOf([])))).rejects.toEqual(formatError(/has no files/));
  });

  it.each<[string, string, string | Buffer, RegExp]>([
    [
      'too large an index',
      'index.json',
      Buffer.alloc(4 * 1024 * 1024 + 1, ' '),
      /index.json" is 4194305 bytes long/,
    ],
    ['too large a version file', 'oci-layout', Buffer.alloc(5000, ' '), /oci-layout" is 5000 bytes long/],
    ['an index that is not JSON', 'index.json', '{', /index.json is not JSON/],
    ['an index that is not UTF-8', 'index.json', Buffer.of(0xff), /index.json is not JSON/],
    [
      'an index of another shape',
      'index.json',
      '{"manifests":[{"size":1}]}',
      /index.json is not as.*manifests\.0\./,
    ],
    [
      'an index of more entries than can be right, for what each is',
      'index.json',
      `{"manifests":[${'{},'.repeat(50_000)}{}]}`,
      /index.json is not as.*: manifests: Too big/,
    ],
    ['an unknown version', 'oci-layout', '{"imageLayoutVersion":"2.0.0"}', /version "2.0.0"/],
  ])('refuses %s', async (_, path, content, message) => {
    const layout = imageLayout();
    layout.files.set(path, Buffer.from(content));
    await expect(open(layout)).rejects.toEqual(formatError(message));
  });

  it('finds a changed byte in a manifest', async () => {
    const layout = imageLayout();
    layout.files.get(layoutBlobPath(layout.root.digest))?.write('!', 5);
    const { source } = await open(layout);
    await expect(source.fetchManifest(layout.root.digest)).rejects.toMatchObject({
      code: 'E_DIGEST_MISMATCH',
    });
  });

  it('finds a changed byte in a layer, at its end at the latest', async () => {
    const layout = imageLayout({ layers: [Buffer.alloc(100_000, 'x')] });
    const [layer = layout.root] = layout.layers;
    layout.files.get(layoutBlobPath(layer.digest))?.write('!', 99_999);
    const { source } = await open(layout);
    const reading = source.openBlob(layer).then(collect);
    await expect(reading).rejects.toMatchObject({ name: 'IntegrityError', code: 'E_DIGEST_MISMATCH' });
  });

  it('finds a layer of another length', async () => {
    const layout = imageLayout();
    const [layer = layout.root] = layout.layers;
    layout.files.set(layoutBlobPath(layer.digest), Buffer.from('layers'));
    const { source } = await open(layout);
    await expect(source.openBlob(layer).then(collect)).rejects.toMatchObject({ code: 'E_SIZE_MISMATCH' });
  });

  it('calls an archive that lacks what it names incomplete', async () => {
    const layout = imageLayout();
    const [layer = layout.root] = layout.layers;
    layout.files.delete(layoutBlobPath(layer.digest));
    layout.files.delete(layoutBlobPath(layout.root.digest));
    const { source } = await open(layout);
    const incomplete = expect.objectContaining({ name: 'ArchiveError', code: 'E_ARCHIVE_INCOMPLETE' });
    await expect(source.openBlob(layer)).rejects.toEqual(incomplete);
    await expect(source.fetchManifest(layout.root.digest)).rejects.toEqual(incomplete);
  });

  it('refuses to read a manifest larger than any registry takes', async () => {
    const layout = imageLayout({ layers: [Buffer.alloc(4 * 1024 * 1024 + 1)] });
    const [layer = layout.root] = layout.layers;
    const { source } = await open(layout);
    await expect(source.fetchManifest(layer.digest)).rejects.toEqual(formatError(/at most 4194304/));
  });

  it('stops reading a layer when aborted', async () => {
    const layout = imageLayout({ layers: [Buffer.alloc(100_000, 'x')] });
    const [layer = layout.root] = layout.layers;
    const { source } = await open(layout);
    const abort = new AbortController();
    const chunks = (await source.openBlob(layer, { signal: abort.signal }))[Symbol.asyncIterator]();
    await chunks.next();
    abort.abort(new Error('enough'));
    await expect(chunks.next()).rejects.toThrow('enough');
  });
});
