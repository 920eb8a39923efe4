import { errors } from 'undici';
import { LongshoreError, TransportError } from '../../errors.ts';
import type { HttpRequest } from './message.ts';
import { redactUrl } from './redact.ts';

const TIMEOUTS: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  ETIMEDOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped in the middle',
};
const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name could not be looked up just now',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was reset',
  UND_ERR_SOCKET: 'the connection was closed in the middle',
  UND_ERR_HEADERS_OVERFLOW: 'its headers are too large',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak https',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from an unknown authority',
  CERT_HAS_EXPIRED: 'its certificate has expired',
};

/** What undici threw, in our words. Errors we know by name, and the reason of an abort, stay as they are. */
export function toTransportError(
  error: unknown,
  { method, url, signal }: Pick<HttpRequest, 'method' | 'url' | 'signal'>,
): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof LongshoreError) return error;
  const code = codeOf(error);
  const timeout = TIMEOUTS[code];
  const reason =
    timeout ??
    REASONS[code] ??
    (error instanceof errors.HTTPParserError ? 'its answer is not HTTP' : code || 'the request failed');
  return new TransportError(timeout ? 'E_TIMEOUT' : 'E_NETWORK', `${method} ${redactUrl(url)}: ${reason}`, {
    cause: error,
  });
}

/** Node gives one error for all addresses of a host, whose parts have the codes. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
