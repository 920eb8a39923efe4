/**
 * Refusals in the words of the distribution-spec ("Error Codes"), with the status each travels under.
 * `PAGINATION_NUMBER_INVALID` and `UNKNOWN` are the distribution project's additions.
 */
const STATUS = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  PAGINATION_NUMBER_INVALID: 400,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  UNKNOWN: 500,
  UNSUPPORTED: 405,
} as const satisfies Record<string, number>;

export type RefusalCode = keyof typeof STATUS;

export interface RefusalDetails {
  /** Where the usual status of the code does not fit. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Free-form facts for the client's log. */
  readonly detail?: unknown;
}

/** Thrown anywhere in the registry to end a request with an error body. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly detail: unknown;

  constructor(code: RefusalCode, message: string, { status, headers, detail }: RefusalDetails = {}) {
    super(message);
    this.code = code;
    this.status = status ?? STATUS[code];
    this.headers = headers ?? {};
    this.detail = detail;
  }
}
