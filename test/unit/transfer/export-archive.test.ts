import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, layoutBlobPath } from '../../../shared/content/index.ts';
import { copyGraph } from '../../../shared/imports/index.ts';
import { tarEntries } from '../../../shared/transfer/archive/tar-entries.ts';
import {
  type ExportOptions,
  type ExportProgress,
  exportArchive,
  openArchive,
} from '../../../shared/transfer/index.ts';
import { collect } from '../../helpers/collect.ts';
import { memoryFile } from '../../helpers/layout-archive.ts';
import {
  artifact,
  type Graph,
  image,
  index,
  MemoryRepository,
  multiPlatform,
} from '../../helpers/memory-content.ts';
import { ReferringRepository, referrerOf, tagOf } from '../../helpers/memory-referrers.ts';
import { type MemorySinks, memorySinks } from '../../helpers/memory-sinks.ts';

/** A repository that has the graphs, and artifacts that are named in it. */
function named(graphs: Readonly<Record<string, Graph>>, source = new ReferringRepository()) {
  const artifacts = Object.entries(graphs).map(([name, graph]) => {
    source.seed(graph);
    return { source, root: graph.root, name };
  });
  return { source, artifacts };
}

async function exported(graphs: Readonly<Record<string, Graph>>, options: ExportOptions = {}) {
  const sinks = memorySinks();
  const { source, artifacts } = named(graphs);
  const result = await exportArchive({ artifacts, name: 'x.tar', open: sinks.open, options });
  return { result, sinks, source, bytes: sinks.files.get('x.tar') ?? Buffer.alloc(0) };
}

const pathsIn = async (bytes: Uint8Array) =>
  (await collect(tarEntries(memoryFile(bytes)))).map(({ name }) => name);

const fileOf = ({ files }: MemorySinks, name = 'x.tar') => memoryFile(files.get(name) ?? Buffer.alloc(0));

describe('an exported archive', () => {
  const app = multiPlatform('app', ['linux/amd64', 'linux/arm64']);

  it('holds everything an image stands on, each piece once, behind what tells about it', async () => {
    const tool = image('tool', { layers: ['base of app', 'tool'] });
    const { bytes, result } = await exported({ 'ghcr.io/team/app:v1': app, 'ghcr.io/team/tool:v2': tool });
    const paths = await pathsIn(bytes);
    expect(paths.slice(0, 3)).toEqual(['oci-layout', 'longshore/catalog.json', 'index.json']);
    const content = [...app.manifests, ...tool.manifests].map(({ digest }) => digest);
    const blobs = [...app.blobs, ...tool.blobs].map((blob) => digestOf(blob));
    expect(new Set(paths.slice(3))).toEqual(new Set([...content, ...blobs].map(layoutBlobPath)));
    expect(new Set(paths).size).toBe(paths.length);
    expect(result.catalog.artifacts.map(({ name }) => name)).toEqual([
      'ghcr.io/team/app:v1',
      'ghcr.io/team/tool:v2',
    ]);
    expect(result.catalogDigest).toMatch(/^sha256:/);
  });

  it('knows its size before the first byte, and its digest after the last', async () => {
    const { bytes, sinks, result } = await exported({ 'a/app:v1': app });
    const facts = { size: bytes.byteLength, sha256: digestOf(bytes) };
    expect(sinks.opened).toEqual([{ name: 'x.tar', size: bytes.byteLength }]);
    expect(sinks.facts.get('x.tar')).toEqual(facts);
    expect(result.parts).toEqual([{ name: 'x.tar', ...facts }]);
  });

  it('is the same, byte for byte, whatever the order of its artifacts', async () => {
    const graphs = { 'a/one:1': image('one'), 'a/app:1': app, 'a/two:1': artifact('two') };
    const first = await exported(graphs);
    const second = await exported(Object.fromEntries(Object.entries(graphs).toReversed()));
    expect(second.bytes.equals(first.bytes)).toBe(true);
  });

  it('is copied back in full: the same manifests and blobs, also what is attached', async () => {
    const source = new ReferringRepository();
    const sbom = referrerOf(app.root, 'sbom');
    const signatureOfSbom = referrerOf(sbom.root, 'signature of the sbom');
    const cosign = image('cosign signature');
    source.seed(sbom).seed(signatureOfSbom).seed(cosign);
    source.tags.set(`${tagOf(app.root.digest)}.sig`, cosign.root.digest);
    const { artifacts } = named({ 'a/app:v1': app }, source);
    const sinks = memorySinks();
    await exportArchive({ artifacts, name: 'x.tar', open: sinks.open });

    await using archive = await openArchive(fileOf(sinks));
    const target = new ReferringRepository();
    const result = await copyGraph(archive.source, target, app.root.digest);
    expect(result.referrers).toEqual({ copied: 3, existing: 0, skipped: 0 });
    expect(new Set(target.manifests.keys())).toEqual(new Set(source.manifests.keys()));
    expect(new Set(target.blobs.keys())).toEqual(new Set(source.blobs.keys()));
    expect(target.tags.get(`${tagOf(app.root.digest)}.sig`)).toBe(cosign.root.digest);
    expect(target.listed(app.root.digest).map(({ digest }) => digest)).toEqual([sbom.root.digest]);
  });

  it('leaves attachments behind when told so, or when the source knows of none', async () => {
    const source = new ReferringRepository().seed(referrerOf(app.root, 'sbom'));
    const { artifacts } = named({ 'a/app:v1': app }, source);
    const open = memorySinks().open;
    const without = await exportArchive({ artifacts, name: 'x', open, options: { referrers: false } });
    const plain = new MemoryRepository().seed(app);
    const unknown = await exportArchive({
      artifacts: [{ source: plain, root: app.root, name: 'a/app:v1' }],
      name: 'x',
      open,
    });
    expect(without.catalogDigest).toBe(unknown.catalogDigest);
    expect(without.catalog.artifacts[0]?.referrers).toEqual([]);
  });

  it('takes only the wanted platforms, and says so to whoever copies it back', async () => {
    const { sinks, result } = await exported(
      { 'a/app:v1': app, 'a/tool:v1': image('tool') },
      { platforms: [{ os: 'linux', architecture: 'arm64' }] },
    );
    expect(result.catalog.artifacts.map(({ platforms }) => platforms)).toEqual([['linux/arm64'], []]);
    await using archive = await openArchive(fileOf(sinks));
    const [found] = archive.artifacts;
    const target = new ReferringRepository({ acceptsSparse: true });
    const copied = await copyGraph(archive.source, target, app.root.digest, { platforms: found?.platforms });
    expect(copied.root.digest).toBe(app.root.digest);
    expect(archive.artifacts[1]?.platforms).toBeUndefined();
  });

  it('tells how far it is', async () => {
    const progress: ExportProgress[] = [];
    const { bytes } = await exported({ 'a/app:v1': app }, { onProgress: (one) => progress.push(one) });
    expect(progress.at(-1)).toEqual({ bytesDone: bytes.byteLength, bytesTotal: bytes.byteLength });
  });

  it('says in its index what other tools look for: the tag, or the full name where tags repeat', async () => {
    const { bytes } = await exported({ 'a/one:1': image('1'), 'b/two:1': image('2'), 'b/three:3': app });
    const start = bytes.indexOf('{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index');
    const names = [
      ...bytes
        .subarray(start, start + 2000)
        .toString()
        .matchAll(/ref\.name":"([^"]+)"/g),
    ];
    expect(names.map(([, name]) => name)).toEqual(['docker.io/a/one:1', '3', 'docker.io/b/two:1']);
  });

  it('agrees with what was put in, whatever the images', async () => {
    const text = fc.string({ minLength: 1, maxLength: 2000 });
    const graphs = fc.array(
      fc.oneof(
        fc.tuple(text, fc.array(text, { maxLength: 4 })).map(([config, layers]) => image(config, { layers })),
        text.map(artifact),
        fc
          .array(text, { minLength: 1, maxLength: 3 })
          .map((texts) =>
            index(...texts.map((one) => ({ graph: image(one), platform: `linux/p${one.length}` }))),
          ),
      ),
      { minLength: 1, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(graphs, async (list) => {
        const { sinks } = await exported(Object.fromEntries(list.map((one, at) => [`a/b${at}:1`, one])));
        await using archive = await openArchive(fileOf(sinks));
        const target = new ReferringRepository();
        for (const { root } of list) await copyGraph(archive.source, target, root.digest);
        expect(new Set(target.manifests.keys())).toEqual(
          new Set(list.flatMap(({ manifests }) => manifests.map(({ digest }) => digest))),
        );
      }),
      { numRuns: 50 },
    );
  });
});

describe('exporting what goes wrong', () => {
  const good = image('good');
  const bad = image('bad');

  /** A source whose blobs with these texts cannot be read. */
  const brokenFor = (...texts: string[]) => {
    const broken = new Set<string>(texts.map((text) => digestOf(text)));
    return new ReferringRepository({
      before: ({ kind, key }) => {
        if (kind === 'openBlob' && broken.has(key)) throw new Error(`no ${key}`);
      },
    });
  };

  it('leaves no file when a blob cannot be read', async () => {
    const { artifacts } = named({ 'a/good:1': good, 'a/bad:1': bad }, brokenFor('layer of bad'));
    const sinks = memorySinks();
    const exporting = exportArchive({ artifacts, name: 'x.tar', open: sinks.open });
    await expect(exporting).rejects.toThrow(/^no sha256/);
    expect(sinks.files.size).toBe(0);
    expect(sinks.aborted).toEqual(['x.tar']);
  });

  it('goes on without artifacts that are not there or cannot be read, and says why', async () => {
    const { artifacts, source } = named({ 'a/good:1': good, 'a/bad:1': bad }, brokenFor('layer of bad'));
    const gone = { source, root: image('never pushed').root, name: 'a/gone:1' };
    const sinks = memorySinks();
    const result = await exportArchive({
      artifacts: [gone, ...artifacts],
      name: 'x.tar',
      open: sinks.open,
      options: { continueOnErrors: true },
    });
    expect(result.failed).toEqual([
      { name: 'docker.io/a/gone:1', code: 'E_NOT_FOUND', message: expect.stringContaining('not there') },
      { name: 'docker.io/a/bad:1', code: 'E_UNKNOWN', message: expect.stringContaining('no sha256') },
    ]);
    const alone = await exported({ 'a/good:1': good });
    expect(sinks.files.get('x.tar')?.equals(alone.bytes)).toBe(true);
  });

  it('writes no file when no artifact is left', async () => {
    const { artifacts } = named({ 'a/bad:1': bad }, brokenFor('bad'));
    const sinks = memorySinks();
    const options = { continueOnErrors: true };
    const result = await exportArchive({ artifacts, name: 'x.tar', open: sinks.open, options });
    expect(result).toMatchObject({ parts: [], failed: [{ name: 'docker.io/a/bad:1' }] });
    expect(sinks.files.size).toBe(0);
  });

  it.each(['open', 'write', 'commit'] as const)('gives the file up when %s fails', async (step) => {
    const sinks = memorySinks((at) => {
      if (at === step) throw new Error('disk full');
    });
    const { artifacts, source } = named({ 'a/good:1': good });
    const options = { continueOnErrors: true };
    const exporting = exportArchive({ artifacts, name: 'x.tar', open: sinks.open, options });
    await expect(exporting).rejects.toThrow('disk full');
    expect(sinks.aborted).toEqual(step === 'open' ? [] : ['x.tar']);
    expect(source.underWay).toBe(0);
  });

  it('stops when aborted, with the reason', async () => {
    const stop = new AbortController();
    const sinks = memorySinks((at) => {
      if (at === 'write') stop.abort(new Error('enough'));
    });
    const { artifacts } = named({ 'a/good:1': good });
    const options = { signal: stop.signal, continueOnErrors: true };
    await expect(exportArchive({ artifacts, name: 'x.tar', open: sinks.open, options })).rejects.toThrow(
      'enough',
    );
    expect(sinks.aborted).toEqual(['x.tar']);
  });

  it.each([
    ['a name without tag', ['a/good'], /needs a tag or a digest/],
    ['a name twice', ['good:1', 'docker.io/library/good:1'], /exported twice/],
    ['a digest of something else', [`a/good@${digestOf('else')}`], /another digest/],
  ])('refuses %s', async (_, names, message) => {
    const { source } = named({ 'a/good:1': good });
    const artifacts = names.map((name) => ({ source, root: good.root, name }));
    const exporting = exportArchive({ artifacts, name: 'x.tar', open: memorySinks().open });
    await expect(exporting).rejects.toThrow(message);
  });
});
