/**
 * The error taxonomy. A class exists only where a caller acts differently; `code` is stable and is what
 * callers, tables and logs switch on. Messages say what was given, what was expected and what to do, and
 * never hold a secret.
 */

/** Where a failure happened: what content is read from (a registry, an archive) or copied to, storage, a queue, or this process. */
export type ErrorSide = 'source' | 'target' | 'storage' | 'queue' | 'own';

export interface ErrorContext {
  /** What failed, as a short verb phrase that does not change: `fetch manifest`. */
  readonly operation?: string | undefined;
  readonly side?: ErrorSide | undefined;
}

/** How a repository is opened: its errors then say on which side they happened. */
export interface SideOptions {
  readonly side?: 'source' | 'target' | undefined;
}

export interface LongshoreErrorOptions extends ErrorOptions, ErrorContext {}

/** Codes of failures after which the same call may succeed later, with nothing changed by the caller. */
const RETRYABLE: ReadonlySet<string> = new Set([
  'E_TIMEOUT',
  'E_NETWORK',
  'E_UNDELIVERED',
  'E_RATE_LIMITED',
  'E_UNAVAILABLE',
  'E_BUDGET',
  'E_POLICY',
  'E_DIGEST_MISMATCH',
  'E_SIZE_MISMATCH',
  'E_ARCHIVE_INCOMPLETE',
  'E_QUEUE',
]);

/** Base of every failure Longshore knows by name. */
export abstract class LongshoreError extends Error {
  abstract readonly code: string;
  /** `undefined` where no single operation failed. */
  readonly operation: string | undefined;
  /** `undefined` where the thrower does not know it. */
  readonly side: ErrorSide | undefined;

  constructor(message: string, { operation, side, ...options }: LongshoreErrorOptions = {}) {
    super(message, options);
    this.operation = operation;
    this.side = side;
  }

  /** Whether the same call may succeed later. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}

/** A failure of several kinds, told apart by their code. */
abstract class CodedError<Code extends string> extends LongshoreError {
  readonly code: Code;

  constructor(code: Code, message: string, options?: LongshoreErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface ConfigProblem {
  /** What is wrong and what is expected. */
  readonly message: string;
  /** Where, as `file:line:column` or the name of a setting. */
  readonly where: string;
}

const MAX_PROBLEMS = 100;

/** The configuration cannot be used. Lists every problem found, never only the first; of very many, a hundred. */
export class ConfigError extends LongshoreError {
  override readonly name = 'ConfigError';
  readonly code = 'E_CONFIG';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], options?: ErrorOptions) {
    const shown = problems.slice(0, MAX_PROBLEMS);
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    const lines = shown.map(({ where, message }) => `  ${where}: ${message}`);
    const rest = problems.length - shown.length;
    if (rest > 0) lines.push(`  and ${rest} more`);
    super(`The configuration has ${count}:\n${lines.join('\n')}`, { side: 'own', ...options });
    this.problems = shown;
  }
}

export type InvalidInputCode =
  | 'E_REFERENCE'
  | 'E_DIGEST'
  | 'E_MANIFEST'
  | 'E_PLATFORM'
  | 'E_JOB'
  | 'E_ARGUMENT';

/** Something given to us can never work as it is: a malformed reference, digest, manifest, job, argument. */
export class InvalidInputError extends CodedError<InvalidInputCode> {
  override readonly name = 'InvalidInputError';

  constructor(code: InvalidInputCode, message: string, options?: LongshoreErrorOptions) {
    super(code, message, { side: 'own', ...options });
  }
}

/** The target tag already names other content and the import was not told to overwrite it. */
export class TagExistsError extends LongshoreError {
  override readonly name = 'TagExistsError';
  readonly code = 'E_TAG_EXISTS';

  constructor(message: string, options?: LongshoreErrorOptions) {
    super(message, { side: 'target', ...options });
  }
}

export type TransportCode = 'E_TIMEOUT' | 'E_NETWORK' | 'E_TOO_LARGE' | 'E_UNDELIVERED';

/**
 * Bytes could not be moved: the peer was silent, unreachable, reset the connection, or sent too much; or no worker took a
 * message to its end, and the broker gave it up.
 */
export class TransportError extends CodedError<TransportCode> {
  override readonly name = 'TransportError';
}

export type RegistryCode = 'E_NOT_FOUND' | 'E_DENIED' | 'E_RATE_LIMITED' | 'E_UNAVAILABLE' | 'E_PROTOCOL';

export interface RegistryErrorDetails extends ErrorContext {
  /** HTTP status of the answer, when there was one. */
  readonly status?: number;
  /** `code` values of the distribution-spec error body, for example `MANIFEST_UNKNOWN`. */
  readonly registryCodes?: readonly string[];
  /** How long the registry asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** A registry answered, and the answer is a refusal or makes no sense. URLs in the message are redacted. */
export class RegistryError extends CodedError<RegistryCode> {
  override readonly name = 'RegistryError';
  readonly status: number | undefined;
  readonly registryCodes: readonly string[];
  readonly retryAfterMs: number | undefined;

  constructor(
    code: RegistryCode,
    message: string,
    { status, registryCodes, retryAfterMs, cause, ...context }: RegistryErrorDetails = {},
  ) {
    super(code, message, cause === undefined ? context : { cause, ...context });
    this.status = status;
    this.registryCodes = registryCodes ?? [];
    this.retryAfterMs = retryAfterMs;
  }
}

/** A registry's allowance of pulls is given out. Nothing is wrong: the work fits at a later time. */
export class BudgetError extends LongshoreError {
  override readonly name = 'BudgetError';
  readonly code = 'E_BUDGET';
  readonly registry: string;
  /** When it may fit. */
  readonly until: Date;
  /** Pulls that the work needs when it comes back. */
  readonly pulls: number;

  constructor(registry: string, until: Date, pulls: number, message: string) {
    super(message, { operation: 'pull', side: 'source' });
    this.registry = registry;
    this.until = until;
    this.pulls = pulls;
  }
}

/** A policy says that a tag may not move, or not yet. Nothing is wrong with the content. */
export class PolicyError extends LongshoreError {
  override readonly name = 'PolicyError';
  readonly code = 'E_POLICY';
  /** For people: which policy, and what it waits for. */
  readonly reason: string;
  /** When to ask it again; `undefined`: it cannot tell. */
  readonly until: Date | undefined;

  constructor(reason: string, { until }: { readonly until?: Date | undefined } = {}) {
    super(`Held by policy: ${reason}`, { side: 'own' });
    this.reason = reason;
    this.until = until;
  }
}

/** A stored record was written by a later version of Longshore. It is left as it is. */
export class RecordVersionError extends LongshoreError {
  override readonly name = 'RecordVersionError';
  readonly code = 'E_RECORD_VERSION';

  constructor(record: string, found: number, known: number) {
    super(
      `${record} has schema version ${found}, and this version of Longshore reads up to ${known}. Update Longshore; the record was not changed.`,
    );
  }
}

export type IntegrityCode = 'E_DIGEST_MISMATCH' | 'E_SIZE_MISMATCH';

/** Bytes arrived that are not the bytes named by the digest or size. They never reach a tag. */
export class IntegrityError extends CodedError<IntegrityCode> {
  override readonly name = 'IntegrityError';
}

export type ArchiveCode = 'E_ARCHIVE_FORMAT' | 'E_ARCHIVE_INCOMPLETE' | 'E_ARCHIVE_SIGNATURE';

/** A file is not an archive we read (format), lacks content it names (incomplete), or is not signed as required. */
export class ArchiveError extends CodedError<ArchiveCode> {
  override readonly name = 'ArchiveError';

  constructor(code: ArchiveCode, message: string, options?: LongshoreErrorOptions) {
    super(code, message, { operation: 'read archive', side: 'source', ...options });
  }
}

export type StorageCode = 'E_STORAGE_DENIED' | 'E_STORAGE_NOT_FOUND' | 'E_BLOB_EXISTS';

/** Blob storage refuses: no right, no such container or blob, or a blob that may not be overwritten. Holds no SAS. */
export class StorageError extends CodedError<StorageCode> {
  override readonly name = 'StorageError';

  constructor(code: StorageCode, message: string, options?: LongshoreErrorOptions) {
    super(code, message, { side: 'storage', ...options });
  }
}

/** A message could not be put on a queue, or the queue not be asked. Not a TransportError: no registry is to blame. */
export class QueueError extends LongshoreError {
  override readonly name = 'QueueError';
  readonly code = 'E_QUEUE';

  constructor(message: string, options?: LongshoreErrorOptions) {
    super(message, { side: 'queue', ...options });
  }
}

/** The stable code of any thrown value; `E_UNKNOWN` for what we do not know by name. */
export function codeOf(error: unknown): string {
  return error instanceof LongshoreError ? error.code : 'E_UNKNOWN';
}

/** Whether work that threw this may succeed later. What is not known by name may. */
export function isRetryable(error: unknown): boolean {
  return !(error instanceof LongshoreError) || error.retryable;
}

/** The sentence of any thrown value, followed by those of its causes. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause === undefined || error.message.includes(messageOf(error.cause))) return error.message;
  return `${error.message.replace(/\.$/, '')}: ${describeError(error.cause)}`;
}

function messageOf(value: unknown): string {
  return value instanceof Error ? value.message : String(value);
}
