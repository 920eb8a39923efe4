import { type RegistryCode, RegistryError } from '../../errors.ts';
import type { ErrorBody } from './error-body.ts';
import { contextOf, couldNot, type Operation } from './operation.ts';

export interface ErrorResponse {
  readonly operation: Operation;
  /** Who answered. */
  readonly host: string;
  readonly status: number;
  readonly body: ErrorBody;
  readonly retryAfterMs?: number | undefined;
  /** No credentials are known for the host. */
  readonly isAnonymous?: boolean | undefined;
}

/** 424 is how a cache of Azure says that its upstream failed. */
const MAY_PASS = new Set([408, 424]);
const NOT_FOUND_CODES = new Set(['MANIFEST_UNKNOWN', 'NAME_UNKNOWN', 'BLOB_UNKNOWN']);

/** How servers without HEAD answer it (RFC 9110 sections 15.5.6 and 15.6.2). */
export const NO_HEAD: readonly number[] = [405, 501];

/** The error that an unsuccessful response is. */
export function toRegistryError({
  operation,
  host,
  status,
  body,
  retryAfterMs,
  isAnonymous = false,
}: ErrorResponse): RegistryError {
  const code = codeFor(status, body.codes, retryAfterMs);
  const answered = `${host} answered ${status}${body.summary ? ` (${body.summary})` : ''}`;
  return new RegistryError(
    code,
    `${couldNot(operation)}: ${answered}. ${isAnonymous && code === 'E_DENIED' ? LOG_IN : adviceFor(code, retryAfterMs)}`,
    {
      ...contextOf(operation),
      status,
      registryCodes: body.codes,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    },
  );
}

/** The status decides first: some registries have their own words for "not found", none their own number. */
function codeFor(status: number, codes: readonly string[], retryAfterMs: number | undefined): RegistryCode {
  if (status === 404) return 'E_NOT_FOUND';
  if (status === 429 || codes.some((code) => code.toUpperCase() === 'TOOMANYREQUESTS'))
    return 'E_RATE_LIMITED';
  // GitHub's "secondary" limit: a toRegistryError that says when to come back is none for good.
  if (status === 403 && retryAfterMs !== undefined) return 'E_RATE_LIMITED';
  if (status === 401 || status === 403) return 'E_DENIED';
  if (status >= 500 || MAY_PASS.has(status)) return 'E_UNAVAILABLE';
  if (status >= 400 && codes.some((code) => NOT_FOUND_CODES.has(code))) return 'E_NOT_FOUND';
  return 'E_PROTOCOL';
}

const LOG_IN =
  'No credentials are configured for it: add them under `registries` in longshore.yaml, or run `docker login` (used by the command line). Some registries return this for repositories that do not exist.';

function adviceFor(code: RegistryCode, retryAfterMs: number | undefined): string {
  switch (code) {
    case 'E_NOT_FOUND':
      return 'Check the name: it does not exist, or the credentials do not give access.';
    case 'E_DENIED':
      return 'Check its credentials and their permissions. Some registries return this for repositories that do not exist.';
    case 'E_RATE_LIMITED':
      return retryAfterMs === undefined
        ? 'Its rate limit is reached. Wait, or configure credentials with a higher limit.'
        : `Its rate limit is reached. Try again in ${Math.ceil(retryAfterMs / 1000)} s.`;
    case 'E_UNAVAILABLE':
      return 'The registry has a problem. Try again later.';
    case 'E_PROTOCOL':
      return 'The response does not follow the distribution spec. Check that the host is a registry that supports this operation.';
  }
}
