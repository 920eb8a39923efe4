import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArchiveError, InvalidInputError } from '../../../shared/errors.ts';
import {
  createCatalogSigner,
  exportArchive,
  openArchive,
  readCatalog,
  readTrustedKey,
  verifyCatalog,
} from '../../../shared/transfer/index.ts';
import { imageLayout, memoryFile, tarOfFiles } from '../../helpers/layout-archive.ts';
import { image, MemoryRepository } from '../../helpers/memory-content.ts';
import { memorySinks } from '../../helpers/memory-sinks.ts';

interface Pems {
  readonly privateKey: string;
  readonly publicKey: string;
}

const pemsOf = ({ privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }): Pems => ({
  privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
});
const ed25519 = pemsOf(generateKeyPairSync('ed25519'));
const p256 = pemsOf(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }));
const stranger = pemsOf(generateKeyPairSync('ed25519'));

async function archiveSignedBy(pem: string | undefined): Promise<Buffer> {
  const graph = image('app');
  const sinks = memorySinks();
  await exportArchive({
    artifacts: [{ source: new MemoryRepository().seed(graph), root: graph.root, name: 'a/app:v1' }],
    name: 'x.tar',
    open: sinks.open,
    options: { ...(pem !== undefined && { sign: createCatalogSigner(pem) }) },
  });
  return sinks.files.get('x.tar') ?? Buffer.alloc(0);
}

const signatureError = (message: RegExp) =>
  expect.objectContaining({ code: 'E_ARCHIVE_SIGNATURE', message: expect.stringMatching(message) });

describe('a signed archive', () => {
  it.each([
    ['Ed25519', ed25519],
    ['ECDSA P-256', p256],
  ])('is opened by whoever trusts its key (%s)', async (_, pems) => {
    const trustedKeys = [readTrustedKey(stranger.publicKey), readTrustedKey(pems.publicKey)];
    await using archive = await openArchive(memoryFile(await archiveSignedBy(pems.privateKey)), {
      trustedKeys,
    });
    const signed = archive.catalog;
    expect(verifyCatalog(signed?.bytes ?? Buffer.alloc(0), signed?.signature, trustedKeys)).toEqual({
      keyId: createCatalogSigner(pems.privateKey).keyId,
    });
  });

  it('is opened without a look at the signature when none is required', async () => {
    await using archive = await openArchive(memoryFile(await archiveSignedBy(ed25519.privateKey)));
    expect(archive.artifacts).toHaveLength(1);
  });

  it('is refused when somebody else signed it', async () => {
    const file = memoryFile(await archiveSignedBy(stranger.privateKey));
    const opening = openArchive(file, { trustedKeys: [readTrustedKey(ed25519.publicKey)] });
    await expect(opening).rejects.toEqual(signatureError(/signed by the key "sha256:.*Trusted: sha256:/));
  });

  it('is refused when it is not signed at all, whoever made it', async () => {
    const trustedKeys = [readTrustedKey(ed25519.publicKey)];
    const foreign = await tarOfFiles(imageLayout().files);
    for (const bytes of [await archiveSignedBy(undefined), foreign]) {
      await expect(openArchive(memoryFile(bytes), { trustedKeys })).rejects.toEqual(
        signatureError(/not signed/),
      );
      await expect(readCatalog(memoryFile(bytes), { trustedKeys })).rejects.toEqual(
        signatureError(/not signed/),
      );
    }
  });

  it('is refused when a byte of its catalog was changed', async () => {
    const bytes = await archiveSignedBy(ed25519.privateKey);
    bytes.write('app:v2', bytes.indexOf('app:v1'));
    const opening = openArchive(memoryFile(bytes), { trustedKeys: [readTrustedKey(ed25519.publicKey)] });
    await expect(opening).rejects.toEqual(signatureError(/changed after it was signed/));
  });

  it('goes by its catalog: a changed index.json changes nothing', async () => {
    const bytes = await archiveSignedBy(ed25519.privateKey);
    bytes.write('app:v2', bytes.lastIndexOf('app:v1'));
    await using archive = await openArchive(memoryFile(bytes), {
      trustedKeys: [readTrustedKey(ed25519.publicKey)],
    });
    expect(archive.artifacts[0]?.descriptor.annotations).toEqual({
      'io.containerd.image.name': 'docker.io/a/app:v1',
    });
  });

  it('never passes with another signature, whatever it says', () => {
    const catalog = Buffer.from('{}');
    const trusted = [readTrustedKey(ed25519.publicKey), readTrustedKey(p256.publicKey)];
    const claim = fc.record({
      keyId: fc.constantFrom(...trusted.map(({ keyId }) => keyId), 'sha256:00'),
      algorithm: fc.constantFrom('ed25519', 'ecdsa-p256-sha256', 'none', ''),
      signature: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes).toString('base64')),
    });
    const text = fc.oneof(
      claim.map((one) => JSON.stringify(one)),
      fc.json(),
      fc.string(),
    );
    fc.assert(
      fc.property(text, (signature) => {
        expect(() => verifyCatalog(catalog, Buffer.from(signature), trusted)).toThrow(ArchiveError);
      }),
    );
  });
});

describe('a key', () => {
  const rsa = pemsOf(generateKeyPairSync('rsa', { modulusLength: 2048 }));
  const p384 = pemsOf(generateKeyPairSync('ec', { namedCurve: 'secp384r1' }));

  it('is called by the fingerprint of its public half', () => {
    const { keyId } = createCatalogSigner(ed25519.privateKey);
    expect(keyId).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(readTrustedKey(ed25519.publicKey).keyId).toBe(keyId);
  });

  it.each([
    ['RSA', rsa],
    ['another curve', p384],
  ])('of another kind is refused (%s)', (_, pems) => {
    expect(() => createCatalogSigner(pems.privateKey)).toThrow(/cannot sign catalogs/);
    expect(() => readTrustedKey(pems.publicKey)).toThrow(/cannot sign catalogs/);
  });

  it('that cannot be read is not repeated', () => {
    const secret = ed25519.privateKey.replace('PRIVATE', 'SECRET');
    for (const read of [createCatalogSigner, readTrustedKey]) {
      expect(() => read(secret)).toThrow(InvalidInputError);
      expect(() => read(secret)).not.toThrow(new RegExp(secret.split('\n')[1] ?? ''));
    }
  });
});
