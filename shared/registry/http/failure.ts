import { errors } from 'undici';
import { LongshoreError, TransportError } from '../../errors.ts';
import { redactUrl } from '../protocol/index.ts';
import type { HttpRequest } from './message.ts';

const TIMEOUTS: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  ETIMEDOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped in the middle',
};
const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no host with that name',
  EAI_AGAIN: 'the name could not be resolved',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was reset',
  UND_ERR_SOCKET: 'the connection was closed in the middle',
  UND_ERR_HEADERS_OVERFLOW: 'its headers are too large',
  UND_ERR_PRX_CONN: 'the proxy closed the connection',
  UND_ERR_PRX_TLS: 'the certificate of the proxy is for another name',
};
const UNKNOWN_AUTHORITY = ['its certificate comes from an unknown authority', 'caFile'] as const;
const NOT_HTTPS = ['it does not speak https', 'plainHttp'] as const;
const WITHOUT_CERTIFICATE = ['the server requires a client certificate', 'certFile'] as const;
const OTHER_CERTIFICATE = ['the server rejected the client certificate'] as const;
/** OpenSSL's and Node's codes; an ALERT is what the other side said. */
const TLS_REASONS: Readonly<Record<string, readonly [reason: string, setting?: TlsError['setting']]>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: ['its certificate is self-signed', 'caFile'],
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  ERR_TLS_CERT_ALTNAME_INVALID: ['its certificate is for another name'],
  CERT_HAS_EXPIRED: ['its certificate has expired'],
  CERT_NOT_YET_VALID: ['its certificate is not valid yet'],
  CERT_SIGNATURE_FAILURE: ['the signature of its certificate is wrong'],
  ERR_SSL_WRONG_VERSION_NUMBER: NOT_HTTPS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NOT_HTTPS,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: WITHOUT_CERTIFICATE,
  // Before TLS 1.3 it could not be said more clearly.
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': ['it refuses the TLS handshake', 'certFile'],
  'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE': OTHER_CERTIFICATE,
  'ERR_SSL_SSL/TLS_ALERT_UNSUPPORTED_CERTIFICATE': OTHER_CERTIFICATE,
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_REVOKED': OTHER_CERTIFICATE,
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED': OTHER_CERTIFICATE,
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN': OTHER_CERTIFICATE,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: OTHER_CERTIFICATE,
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: OTHER_CERTIFICATE,
};

/** The TLS handshake failed, so nothing was sent. A retry at once does not help. */
export class TlsError extends TransportError {
  readonly origin: string;
  /** Which setting of the registry would help, if the host is meant to be as it is. */
  readonly setting: 'caFile' | 'certFile' | 'plainHttp' | undefined;

  constructor(message: string, origin: string, setting: TlsError['setting'], cause: unknown) {
    super('E_NETWORK', message, { cause });
    this.origin = origin;
    this.setting = setting;
  }
}

/**
 * What undici threw, in our words. Errors we know by name, and the reason of an abort, stay as they are.
 * @param proxy what the request went through
 */
export function toTransportError(
  error: unknown,
  { method, url, signal }: Pick<HttpRequest, 'method' | 'url' | 'signal'>,
  proxy?: URL,
): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof LongshoreError) return error;
  const through = proxy ? ` through the proxy ${proxy.host}` : '';
  const what = `${method} ${redactUrl(url)}${through}`;
  const code = systemCodeOf(error);
  const [tlsReason, setting] = TLS_REASONS[code] ?? [];
  if (tlsReason) {
    // It may be the proxy's certificate then, about which no setting of a registry says anything.
    const help = proxy?.protocol === 'https:' ? undefined : setting;
    return new TlsError(`${what}: ${tlsReason}`, url.origin, help, error);
  }
  const timeout = TIMEOUTS[code];
  const reason =
    timeout ??
    REASONS[code] ??
    refusalOfProxy(error) ??
    (error instanceof errors.HTTPParserError ? 'its answer is not HTTP' : code || 'the request failed');
  return new TransportError(timeout ? 'E_TIMEOUT' : 'E_NETWORK', `${what}: ${reason}`, { cause: error });
}

/** undici has the status in its sentences only. */
function refusalOfProxy(error: unknown): string | undefined {
  const text = error instanceof Error ? error.message : '';
  const status = /^Proxy response \((\d{3})\)|^Proxy Authentication Required \((407)\)/.exec(text);
  const [, ofTunnel, ofRequest] = status ?? [];
  if (ofTunnel === '407' || ofRequest)
    return 'the proxy requires authentication, or rejected the credentials in its URL';
  return ofTunnel && `the proxy answered ${ofTunnel}`;
}

/** Node gives one error for all addresses of a host, whose parts have the codes. */
function systemCodeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return systemCodeOf(error.errors[0]);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
