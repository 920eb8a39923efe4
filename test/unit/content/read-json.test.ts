import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseManifest, readJson } from '../../../shared/content/index.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

it('reads any JSON', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(readJson(bytesOf(text))).toEqual(JSON.parse(text));
    }),
  );
});

it('makes a field called __proto__ a field like any other', () => {
  const value = readJson(bytesOf('{"__proto__":{"isAdmin":true}}'));
  expect(Object.keys(Object(value))).toEqual(['__proto__']);
  expect(Object(value).isAdmin).toBeUndefined();
});

it('refuses what is not UTF-8', () => {
  expect(() => readJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(TypeError);
});

it.each([
  ['lists in a list', `[${'[],'.repeat(1_100_000)}1]`],
  ['objects in a list', `[${'{},'.repeat(1_100_000)}1]`],
  ['values in a list', `[${'1,'.repeat(4_000_001)}1]`],
  ['lists in lists', `${'['.repeat(1_100_000)}${']'.repeat(1_100_000)}`],
])('refuses more %s than it has memory for', (_, text) => {
  expect(() => readJson(bytesOf(text))).toThrow('more objects, lists and values than are read');
  const manifest = { mediaType: 'application/vnd.oci.image.manifest.v1+json', bytes: bytesOf(text) };
  expect(() => parseManifest(manifest)).toThrow(expect.objectContaining({ code: 'E_MANIFEST' }));
});

it('reads a list of the length that listings may have', () => {
  const rows = Array.from({ length: 200_000 }, () => '{"tags":["1"]}').join();
  expect(readJson(bytesOf(`[${rows}]`))).toHaveLength(200_000);
});
