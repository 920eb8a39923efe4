import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  digestOf,
  MAX_MANIFEST_BYTES,
  manifestContent,
  mediaTypeOf,
  OCI_ARTIFACT,
  OCI_CONFIG,
  OCI_EMPTY,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
  parseManifest,
} from '../../../shared/content/index.ts';
import { InvalidInputError } from '../../../shared/errors.ts';

const encode = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const parse = (mediaType: string, value: unknown) => parseManifest({ mediaType, bytes: encode(value) });
const refused = (reason: string | RegExp) =>
  expect.objectContaining({ code: 'E_MANIFEST', message: expect.stringMatching(reason) });

const config = { mediaType: OCI_CONFIG, digest: digestOf('config'), size: 6 };
const layer = { mediaType: OCI_LAYER_GZIP, digest: digestOf('layer'), size: 5 };
const image = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] };
const child = {
  mediaType: OCI_MANIFEST,
  digest: digestOf('child'),
  size: 5,
  platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
};

describe('parseManifest', () => {
  it.each([OCI_MANIFEST, DOCKER_MANIFEST])('reads an image of type %s', (mediaType) => {
    expect(parse(mediaType, { ...image, mediaType })).toEqual({
      kind: 'image',
      mediaType,
      config,
      layers: [layer],
    });
  });

  it.each([OCI_INDEX, DOCKER_MANIFEST_LIST])('reads an index of type %s', (mediaType) => {
    const index = { schemaVersion: 2, mediaType, manifests: [child] };
    expect(parse(mediaType, index)).toEqual({ kind: 'index', mediaType, manifests: [child] });
  });

  it('keeps attestation entries of an index, with their annotations and unknown platform', () => {
    const attestation = {
      mediaType: OCI_MANIFEST,
      digest: digestOf('attestation'),
      size: 11,
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: {
        'vnd.docker.reference.digest': child.digest,
        'vnd.docker.reference.type': 'attestation-manifest',
      },
    };
    expect(parse(OCI_INDEX, { manifests: [child, attestation] })).toMatchObject({
      manifests: [child, attestation],
    });
  });

  it('reads an empty index, and a platform of empty texts', () => {
    expect(parse(OCI_INDEX, { manifests: [] })).toMatchObject({ kind: 'index', manifests: [] });
    const empty = { ...child, platform: { os: '', architecture: '' } };
    expect(parse(OCI_INDEX, { manifests: [empty] })).toMatchObject({ manifests: [empty] });
  });

  it('reads the OS version of a Windows image', () => {
    const platform = { os: 'windows', architecture: 'amd64', 'os.version': '10.0.20348.2700' };
    expect(parse(OCI_INDEX, { manifests: [{ ...child, platform }] })).toMatchObject({
      manifests: [{ platform }],
    });
  });

  it('reads subject and artifact type of a signature or an SBOM', () => {
    const artifact = {
      ...image,
      artifactType: 'application/vnd.example.sbom.v1',
      config: { mediaType: OCI_EMPTY, digest: digestOf('{}'), size: 2 },
      subject: { mediaType: OCI_MANIFEST, digest: digestOf('child'), size: 5 },
    };
    const { artifactType, subject } = artifact;
    expect(parse(OCI_MANIFEST, artifact)).toMatchObject({ kind: 'image', artifactType, subject });
    expect(parse(OCI_INDEX, { manifests: [], artifactType, subject })).toMatchObject({
      artifactType,
      subject,
    });
  });

  it('takes null for fields that may be absent, as some builders write them', () => {
    const nulls = { ...image, subject: null, layers: [{ ...layer, annotations: null, urls: null }] };
    const read = parse(OCI_MANIFEST, nulls);
    expect(read).toEqual({ kind: 'image', mediaType: OCI_MANIFEST, config, layers: [layer] });
  });

  it('reads the withdrawn artifact manifest, with its blobs as layers', () => {
    const artifact = { mediaType: OCI_ARTIFACT, artifactType: 'application/x', blobs: [layer] };
    expect(parse(OCI_ARTIFACT, artifact)).toEqual({
      kind: 'image',
      mediaType: OCI_ARTIFACT,
      artifactType: 'application/x',
      layers: [layer],
    });
    expect(parse(OCI_ARTIFACT, {})).toEqual({ kind: 'image', mediaType: OCI_ARTIFACT, layers: [] });
  });

  it('keeps the addresses of layers that are fetched elsewhere', () => {
    const foreign = { ...layer, urls: ['https://example.com/layer'] };
    expect(parse(DOCKER_MANIFEST, { ...image, layers: [foreign] })).toMatchObject({ layers: [foreign] });
  });

  it.each(['application/vnd.example+json', 'text/html', '', `${OCI_MANIFEST}; charset=utf-8`])(
    'carries a document of the unknown type "%s" as it is, whatever its bytes',
    (mediaType) => {
      fc.assert(
        fc.property(fc.uint8Array(), (bytes) => {
          expect(parseManifest({ mediaType, bytes })).toEqual({ kind: 'opaque', mediaType });
        }),
        { numRuns: 20 },
      );
    },
  );

  it.each([
    'application/vnd.docker.distribution.manifest.v1+json',
    'application/vnd.docker.distribution.manifest.v1+prettyjws',
  ])('refuses schema 1 (%s) and says what to do', (mediaType) => {
    expect(() => parse(mediaType, { schemaVersion: 1 })).toThrow(refused(/schema 1.*Push it again/));
  });

  it.each([
    ['broken JSON', OCI_MANIFEST, '{"config":', 'is not JSON'],
    ['nothing', OCI_MANIFEST, '', 'is not JSON'],
    ['a list', OCI_MANIFEST, '[]', 'document: '],
    ['null', OCI_INDEX, 'null', 'document: '],
    ['text', OCI_INDEX, '"manifests"', 'document: '],
    ['an index that calls itself an image', OCI_MANIFEST, { manifests: [] }, 'config: '],
    ['an image that calls itself an index', OCI_INDEX, image, 'manifests: '],
    ['manifests that are no list', OCI_INDEX, { manifests: {} }, 'manifests: '],
    ['an image without config', OCI_MANIFEST, { layers: [] }, 'config: '],
    ['an image without layers', DOCKER_MANIFEST, { config }, 'layers: '],
    ['layers that are null', DOCKER_MANIFEST, { config, layers: null }, 'layers: '],
    [
      'a digest that is none',
      OCI_MANIFEST,
      { config: { ...config, digest: 'sha256:0' }, layers: [] },
      'config.digest: is not',
    ],
    [
      'a digest with a path in it',
      OCI_INDEX,
      { manifests: [{ ...child, digest: 'sha256:../../etc' }] },
      'manifests.0.digest: ',
    ],
    ['a negative size', OCI_MANIFEST, { config, layers: [{ ...layer, size: -1 }] }, 'layers.0.size: '],
    ['a broken size', OCI_MANIFEST, { config, layers: [{ ...layer, size: 1.5 }] }, 'layers.0.size: '],
    [
      'a size beyond exact numbers',
      OCI_MANIFEST,
      { config, layers: [{ ...layer, size: 2 ** 60 }] },
      'layers.0.size: ',
    ],
    ['a size as text', OCI_MANIFEST, { config, layers: [{ ...layer, size: '5' }] }, 'layers.0.size: '],
    [
      'an empty media type',
      OCI_MANIFEST,
      { config: { ...config, mediaType: '' }, layers: [] },
      'config.mediaType: ',
    ],
    [
      'annotations that are no texts',
      OCI_INDEX,
      { manifests: [{ ...child, annotations: { a: 1 } }] },
      'annotations.a: ',
    ],
    [
      'a platform without os',
      OCI_INDEX,
      { manifests: [{ ...child, platform: { architecture: 'x' } }] },
      'platform.os: ',
    ],
    ['a subject that is no descriptor', OCI_MANIFEST, { ...image, subject: 'x' }, 'subject: '],
  ])('refuses %s and names the field', (_, mediaType, value, reason) => {
    expect(() => parse(mediaType, value)).toThrow(refused(reason.replaceAll('.', String.raw`\.`)));
  });

  it.each([
    ['an index with layers', OCI_INDEX, { manifests: [child], layers: [layer] }, 'layers: belongs'],
    ['an index with a config', DOCKER_MANIFEST_LIST, { manifests: [child], config }, 'config: belongs'],
    ['an image with manifests', OCI_MANIFEST, { ...image, manifests: [child] }, 'manifests: belongs'],
    [
      'an artifact with manifests',
      OCI_ARTIFACT,
      { blobs: [layer], manifests: [child] },
      'manifests: belongs',
    ],
    ['an image that is schema 1 too', DOCKER_MANIFEST, { ...image, fsLayers: [{}] }, 'fsLayers: belongs'],
  ])('refuses %s, which other clients could read as something else', (_, mediaType, value, reason) => {
    expect(() => parse(mediaType, value)).toThrow(refused(reason));
  });

  it('takes empty fields of another type, which cannot be mistaken', () => {
    expect(parse(OCI_MANIFEST, { ...image, manifests: null })).toMatchObject({ kind: 'image' });
    expect(parse(OCI_INDEX, { manifests: [child], layers: [] })).toMatchObject({ kind: 'index' });
  });

  it('refuses bytes that are not UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.of(0xff), Buffer.from('"}')]);
    expect(() => parseManifest({ mediaType: OCI_MANIFEST, bytes })).toThrow(refused('is not JSON'));
  });

  it('takes 10 000 descriptors and refuses one more', () => {
    const layers = (count: number) => parse(OCI_MANIFEST, { config, layers: Array(count).fill(layer) });
    expect(layers(10_000)).toMatchObject({ kind: 'image' });
    expect(() => layers(10_001)).toThrow(refused('more than 10000 descriptors'));
  });

  it('takes 4 MiB and refuses a byte more', () => {
    const json = JSON.stringify(image);
    const padded = (length: number) => parse(OCI_MANIFEST, json + ' '.repeat(length - json.length));
    expect(padded(MAX_MANIFEST_BYTES)).toMatchObject({ kind: 'image' });
    expect(() => padded(MAX_MANIFEST_BYTES + 1)).toThrow(refused('at most 4194304'));
  });

  it('gives for any JSON either a manifest or a refusal', () => {
    const types = fc.constantFrom(
      OCI_INDEX,
      OCI_MANIFEST,
      OCI_ARTIFACT,
      DOCKER_MANIFEST,
      DOCKER_MANIFEST_LIST,
    );
    const field = fc.oneof(fc.jsonValue(), fc.constant(layer), fc.array(fc.constant(layer)));
    const document = fc.oneof(
      fc.jsonValue(),
      fc.record(
        { config: field, layers: field, manifests: field, blobs: field, subject: field },
        { requiredKeys: [] },
      ),
    );
    fc.assert(
      fc.property(types, document, (mediaType, value) => {
        try {
          expect(parse(mediaType, value).mediaType).toBe(mediaType);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInputError);
        }
      }),
    );
  });
});

describe('manifestContent', () => {
  it('names the bytes by digest and size', () => {
    const bytes = encode(image);
    expect(manifestContent(bytes, OCI_MANIFEST)).toEqual({
      mediaType: OCI_MANIFEST,
      digest: digestOf(bytes),
      size: bytes.byteLength,
      bytes,
    });
  });

  it('keeps a digest that is known already', () => {
    const digest = digestOf('{}', 'sha512');
    expect(manifestContent(encode('{}'), OCI_MANIFEST, digest).digest).toBe(digest);
  });
});

describe('mediaTypeOf', () => {
  it.each([
    [OCI_INDEX, OCI_INDEX],
    [`${OCI_INDEX}; charset=utf-8`, OCI_INDEX],
    [`  ${OCI_INDEX.toUpperCase()}  `, OCI_INDEX],
    ['application/vnd.example+json', 'application/vnd.example+json'],
  ])('believes a server that says %j', (contentType, expected) => {
    expect(mediaTypeOf(encode('not even JSON'), contentType)).toBe(expected);
  });

  const generic = [
    'application/json',
    'text/plain; charset=utf-8',
    'application/octet-stream',
    '',
    undefined,
  ];
  it.each(generic)('asks the document when the server says %j', (contentType) => {
    expect(mediaTypeOf(encode({ mediaType: DOCKER_MANIFEST }), contentType)).toBe(DOCKER_MANIFEST);
    expect(mediaTypeOf(encode({ manifests: [] }), contentType)).toBe(OCI_INDEX);
    expect(mediaTypeOf(encode({ config, layers: [] }), contentType)).toBe(OCI_MANIFEST);
  });

  it('leaves a document that says nothing at what the server said', () => {
    expect(mediaTypeOf(encode({ layers: [] }), 'application/json')).toBe('application/json');
    expect(mediaTypeOf(encode({ mediaType: 5 }), 'text/plain')).toBe('text/plain');
    expect(mediaTypeOf(encode([]), undefined)).toBe('application/octet-stream');
  });

  it.each([5, '', 'no type', 'a/b\r\nx-header: 1', `a/${'b'.repeat(300)}`])(
    'does not repeat %j, which is no media type',
    (mediaType) => {
      expect(mediaTypeOf(encode({ mediaType, manifests: [] }), undefined)).toBe(OCI_INDEX);
      expect(mediaTypeOf(encode({ mediaType }), 'text/plain')).toBe('text/plain');
    },
  );

  it('refuses what is no JSON, or more than a manifest may be', () => {
    expect(() => mediaTypeOf(encode('<html>'), 'application/json')).toThrow(refused('is not JSON'));
    const large = Buffer.alloc(MAX_MANIFEST_BYTES + 1, ' ');
    expect(() => mediaTypeOf(large, undefined)).toThrow(refused('at most'));
  });
});
