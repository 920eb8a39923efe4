import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import * as z from 'zod';
import { ArchiveError, InvalidInputError } from '../../errors.ts';
import { parseArchiveJson } from './archive-json.ts';
import { CATALOG_SIGNATURE_FILE } from './catalog.ts';
import { quoted } from './quoted.ts';

/** Signs catalogs with one key. */
export interface CatalogSigner {
  /** Fingerprint of the public key: `sha256:` and the hexadecimal SHA-256 of its SubjectPublicKeyInfo (DER). */
  readonly keyId: string;
  /** The text of `longshore/catalog.sig` for a catalog's exact bytes. */
  sign(catalog: Uint8Array): Uint8Array;
}

/** A public key whose signatures are accepted. */
export interface TrustedKey {
  readonly keyId: string;
  readonly key: KeyObject;
}

type Algorithm = 'ed25519' | 'ecdsa-p256-sha256';

const signatureSchema = z.object({
  keyId: z.string().max(200),
  algorithm: z.string().max(100),
  signature: z.base64().max(1000),
});

export const MAX_SIGNATURE_BYTES = 4 * 1024;

/**
 * @param pem a private key, Ed25519 or ECDSA P-256, without passphrase
 * @throws InvalidInputError `E_ARGUMENT` for anything else; the key is not repeated in the message
 */
export function createCatalogSigner(pem: string): CatalogSigner {
  const key = readKey(() => createPrivateKey(pem), 'a private key');
  const algorithm = algorithmFor(key);
  const keyId = keyIdOf(createPublicKey(key));
  return {
    keyId,
    sign: (catalog) => {
      const signature = sign(HASH_OF[algorithm], catalog, key).toString('base64');
      return new TextEncoder().encode(`${JSON.stringify({ keyId, algorithm, signature })}\n`);
    },
  };
}

/**
 * @param pem a public key or certificate, Ed25519 or ECDSA P-256
 * @throws InvalidInputError `E_ARGUMENT`
 */
export function readTrustedKey(pem: string): TrustedKey {
  const key = readKey(() => createPublicKey(pem), 'a public key');
  algorithmFor(key);
  return { key, keyId: keyIdOf(key) };
}

/**
 * Checks that one of the trusted keys signed exactly these bytes.
 * @param signature the text of `longshore/catalog.sig`; `undefined` when the archive has none
 * @throws ArchiveError `E_ARCHIVE_SIGNATURE` when it is unsigned, signed by another key, or changed
 */
export function verifyCatalog(
  catalog: Uint8Array,
  signature: Uint8Array | undefined,
  keys: readonly TrustedKey[],
): { readonly keyId: string } {
  if (!signature) {
    throw untrusted(
      `The archive is not signed, but a signature by one of the trusted keys is required`,
      keys,
    );
  }
  const claim = parseArchiveJson(
    CATALOG_SIGNATURE_FILE,
    signatureSchema,
    signature,
    'the archive format, version 1',
  );
  const trusted = keys.find(({ keyId }) => keyId === claim.keyId);
  if (!trusted) throw untrusted(`The archive is signed by the key ${quoted(claim.keyId)}`, keys);
  const algorithm = algorithmFor(trusted.key);
  const isRight =
    claim.algorithm === algorithm &&
    verify(HASH_OF[algorithm], catalog, trusted.key, Buffer.from(claim.signature, 'base64'));
  if (isRight) return { keyId: trusted.keyId };
  throw new ArchiveError(
    'E_ARCHIVE_SIGNATURE',
    `The archive's catalog is not what the key ${trusted.keyId} signed. It was changed after it was signed: export it again.`,
  );
}

const HASH_OF: Readonly<Record<Algorithm, 'sha256' | null>> = {
  ed25519: null,
  'ecdsa-p256-sha256': 'sha256',
};

function algorithmFor({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): Algorithm {
  if (type === 'ed25519') return 'ed25519';
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return 'ecdsa-p256-sha256';
  throw new InvalidInputError(
    'E_ARGUMENT',
    `A key of type ${details?.namedCurve ?? type} cannot sign catalogs. Expected Ed25519 or ECDSA P-256.`,
  );
}

function keyIdOf(key: KeyObject): string {
  const der = key.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(der).digest('hex')}`;
}

/** Without the cause: the message of `node:crypto` must not bring a key into a log. */
function readKey(read: () => KeyObject, what: string): KeyObject {
  try {
    return read();
  } catch {
    throw new InvalidInputError(
      'E_ARGUMENT',
      `The text given is not ${what}. Expected PEM ("-----BEGIN …"), Ed25519 or ECDSA P-256, without a passphrase.`,
    );
  }
}

function untrusted(fact: string, keys: readonly TrustedKey[]): ArchiveError {
  const known = keys.map(({ keyId }) => keyId).join(', ');
  return new ArchiveError('E_ARCHIVE_SIGNATURE', `${fact}. Trusted: ${known || 'none'}.`);
}
