import type { SecureContext } from 'node:tls';

/** What one registry's certificates need beyond what every program trusts. PEM; the key is a secret. */
export interface TlsSettings {
  /** Authorities trusted in addition to the well-known ones. */
  readonly ca?: string | undefined;
  /** The client certificate, for registries that require one; the key has no passphrase. */
  readonly client?: { readonly cert: string; readonly key: string } | undefined;
}

/** Gets the settings when a connection first needs them. A failure is not kept: the next request asks again. */
export type TlsSource = () => Promise<TlsSettings>;

/**
 * Made once for all connections: reading the well-known authorities anew takes tens of milliseconds. Node.js begins
 * to read them when `node:tls` is loaded, so that is left until TLS is used.
 */
export async function createTlsContext({ ca, client }: TlsSettings): Promise<SecureContext> {
  const { createSecureContext, getCACertificates } = await import('node:tls');
  return createSecureContext({
    // What is given here replaces the well-known authorities, so they are given as well.
    ...(ca !== undefined && { ca: [...getCACertificates('default'), ca] }),
    ...client,
  });
}
