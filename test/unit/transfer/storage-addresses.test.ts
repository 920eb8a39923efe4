import { describe, expect, it } from 'vitest';
import { parseBlobUrl, parseByteSize, parseSecretSource } from '../../../shared/transfer/index.ts';
import { parseContainerUri } from '../../../shared/transfer/storage/container-uri.ts';

describe('the address of a container', () => {
  it.each([
    ['https://Acme.blob.core.windows.net/Transfer', 'https://acme.blob.core.windows.net/transfer'],
    ['https://acme.blob.core.windows.net/transfer/', 'https://acme.blob.core.windows.net/transfer'],
    ['http://127.0.0.1:10000/devstoreaccount1/transfer', 'http://127.0.0.1:10000/devstoreaccount1/transfer'],
  ])('%s is %s', (text, uri) => {
    expect(parseContainerUri(text)).toEqual({ uri, container: 'transfer' });
  });

  it.each([
    ['http://acme.blob.core.windows.net/transfer', 'only https'],
    ['https://acme.blob.core.windows.net/', 'names no container'],
    ['https://acme.blob.core.windows.net/transfer/app.tar', 'continues after the container'],
    ['https://acme.blob.core.windows.net/a--b', '3 to 63'],
    ['transfer', 'not a URL'],
    ['https://acme.blob.core.windows.net/transfer?sig=SECRET', 'keep a SAS token in a secret'],
    ['https://me:SECRET@acme.blob.core.windows.net/transfer', 'user name'],
  ])('%s is refused: %s', (text, reason) => {
    expect(() => parseContainerUri(text)).toThrow(reason);
    expect(() => parseContainerUri(text)).not.toThrow('SECRET');
  });
});

it('the address of a blob may have folders, and a SAS token behind it', () => {
  expect(parseBlobUrl('https://acme.blob.core.windows.net/transfer/team/a%20b.tar?sv=1&sig=x')).toEqual({
    uri: 'https://acme.blob.core.windows.net/transfer',
    container: 'transfer',
    name: 'team/a b.tar',
    sasToken: '?sv=1&sig=x',
  });
  expect(parseBlobUrl('http://localhost:1/acc/transfer/a.tar')).toMatchObject({
    name: 'a.tar',
    sasToken: undefined,
  });
  expect(() => parseBlobUrl('https://acme.blob.core.windows.net/transfer')).toThrow('names no blob');
});

it.each([
  ['4GiB', 4 * 2 ** 30],
  ['500 MB', 5e8],
  ['1.5kib', 1536],
  ['1048576', 1048576],
  ['', undefined],
  ['4 bananas', undefined],
  ['-1', undefined],
  ['0', undefined],
])('the size "%s" is %s bytes', (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes);
});

it.each([
  ['env:SIGNING_KEY', { env: 'SIGNING_KEY' }],
  [
    'https://acme.vault.azure.net/secrets/key',
    { keyVaultSecret: 'https://acme.vault.azure.net/secrets/key' },
  ],
  ['keys/release.pem', { file: 'keys/release.pem' }],
])('"%s" says that a key is at %o', (text, source) => {
  expect(parseSecretSource(text)).toEqual(source);
});

it.each(['env:', 'https://elsewhere.example/secrets/key', '?sp=r&sig=SECRET', '-----BEGIN PRIVATE KEY-----'])(
  '"%s" says of no place that a key is there, and is not repeated',
  (text) => {
    expect(() => parseSecretSource(text)).toThrow(/^A key or token is given by where it is kept/);
  },
);
