import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { ConfigError } from '../errors.ts';
import type { TlsSettings } from '../registry/index.ts';
import { readBoundedFile, systemErrorCode } from './read-bounded-file.ts';
import type { TlsFiles } from './registry-tls.ts';

/** A bundle of all well-known authorities is a quarter of it. */
const MAX_PEM_BYTES = 1024 * 1024;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs;

/**
 * Reads the files that HTTPS to one registry needs, and checks that TLS accepts them.
 * @param where the setting that names them, such as `registries.harbor.corp.tls`
 * @throws ConfigError naming setting and file, and quoting nothing of its content
 */
export async function readTlsFiles(files: TlsFiles, where: string): Promise<TlsSettings> {
  const { caFile, certFile, keyFile } = files;
  const ca = caFile === undefined ? undefined : await readCertificates(caFile, `${where}.caFile`);
  if (certFile === undefined || keyFile === undefined) return { ca };
  const cert = await readCertificates(certFile, `${where}.certFile`);
  const key = await readText(keyFile, `${where}.keyFile`);
  assertKeyOf(cert, key, (message) => problem(`${where}.keyFile`, keyFile, message));
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw problem(`${where}.certFile`, certFile, `cannot be used (${systemErrorCode(cause)})`, cause);
  }
  return { ca, client: { cert, key } };
}

/** TLS skips what it cannot read in a bundle of authorities, so each certificate is read separately. */
async function readCertificates(file: string, where: string): Promise<string> {
  const text = await readText(file, where);
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) throw problem(where, file, 'holds no certificate in PEM');
  for (const [at, certificate] of certificates.entries()) {
    try {
      new X509Certificate(certificate);
    } catch (cause) {
      throw problem(where, file, `holds a certificate that cannot be read, number ${at + 1}`, cause);
    }
  }
  return certificates.join('\n');
}

function assertKeyOf(cert: string, key: string, problemOf: (message: string) => ConfigError): void {
  // Errors may quote the key, so they are not passed on as causes.
  const parsed = attempt(() => createPrivateKey(key));
  if (!parsed) {
    const isEncrypted = /ENCRYPTED/.test(key);
    throw problemOf(isEncrypted ? 'has a passphrase; expected a key without' : 'holds no private key in PEM');
  }
  if (!new X509Certificate(cert).checkPrivateKey(parsed)) throw problemOf('is not the key of certFile');
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

async function readText(file: string, where: string): Promise<string> {
  const text = await readBoundedFile(file, {
    maxBytes: MAX_PEM_BYTES,
    problem: (message, cause) => problem(where, file, message, cause),
  });
  if (text === undefined) throw problem(where, file, 'cannot be read (ENOENT)');
  return text;
}

function problem(where: string, file: string, message: string, cause?: unknown): ConfigError {
  return new ConfigError([{ where, message: `${file} ${message}` }], { cause });
}
