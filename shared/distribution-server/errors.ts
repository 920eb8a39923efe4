import { BudgetError, codeOf, describeError, LongshoreError, RegistryError } from '../errors.ts';

/**
 * Error codes of the distribution-spec ("Error Codes"), with the status each is sent under.
 * `PAGINATION_NUMBER_INVALID`, `UNAVAILABLE` and `UNKNOWN` are the distribution project's additions.
 */
const STATUS = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  PAGINATION_NUMBER_INVALID: 400,
  SIZE_INVALID: 400,
  TOOMANYREQUESTS: 429,
  UNAUTHORIZED: 401,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
  UNSUPPORTED: 405,
} as const satisfies Record<string, number>;

export type DistributionErrorCode = keyof typeof STATUS;

export interface DistributionErrorDetails {
  /** Where the usual status of the code does not fit. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Free-form facts for the client's log. */
  readonly detail?: unknown;
}

/** Thrown by endpoints, authorizers and storages to end a request with an error body. */
export class DistributionError extends Error {
  override readonly name = 'DistributionError';
  readonly code: DistributionErrorCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly detail: unknown;

  constructor(
    code: DistributionErrorCode,
    message: string,
    { status, headers, detail }: DistributionErrorDetails = {},
  ) {
    super(message);
    this.code = code;
    this.status = status ?? STATUS[code];
    this.headers = headers ?? {};
    this.detail = detail;
  }
}

/**
 * How a failure of the storage is told to the client; `undefined` for what is not known by name, whose text must not
 * be shown. Storage that reads from another registry fails as that registry does.
 */
export function asDistributionError(error: unknown): DistributionError | undefined {
  if (error instanceof DistributionError) return error;
  if (!(error instanceof LongshoreError)) return undefined;
  const message = describeError(error);
  if (error instanceof BudgetError) {
    return new DistributionError('TOOMANYREQUESTS', message, {
      headers: { 'Retry-After': error.until.toUTCString() },
    });
  }
  switch (codeOf(error)) {
    case 'E_RATE_LIMITED':
      return new DistributionError('TOOMANYREQUESTS', message, { headers: retryAfter(error) });
    case 'E_DENIED':
    case 'E_STORAGE_DENIED':
      return new DistributionError('DENIED', message);
    case 'E_UNAVAILABLE':
      return new DistributionError('UNAVAILABLE', message, { headers: retryAfter(error) });
    case 'E_TIMEOUT':
      return new DistributionError('UNAVAILABLE', message, { status: 504 });
    case 'E_NETWORK':
    case 'E_PROTOCOL':
    case 'E_TOO_LARGE':
    case 'E_DIGEST_MISMATCH':
    case 'E_SIZE_MISMATCH':
      return new DistributionError('UNAVAILABLE', message, { status: 502 });
    default:
      return undefined;
  }
}

function retryAfter(error: LongshoreError): Readonly<Record<string, string>> {
  if (!(error instanceof RegistryError) || error.retryAfterMs === undefined) return {};
  return { 'Retry-After': String(Math.ceil(error.retryAfterMs / 1000)) };
}
