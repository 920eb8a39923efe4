/**
 * The error taxonomy. A class exists only where a caller acts differently; `code` is stable and is what
 * callers, tables and logs switch on. Messages say what was given, what was expected and what to do, and
 * never hold a secret.
 */

/** Base of every failure Longshore knows by name. */
export abstract class LongshoreError extends Error {
  abstract readonly code: string;
}

/** A failure of several kinds, told apart by their code. */
abstract class CodedError<Code extends string> extends LongshoreError {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
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
    super(`The configuration has ${count}:\n${lines.join('\n')}`, options);
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
}

/** The target tag already names other content and the import was not told to overwrite it. */
export class TagExistsError extends LongshoreError {
  override readonly name = 'TagExistsError';
  readonly code = 'E_TAG_EXISTS';
}

export type TransportCode = 'E_TIMEOUT' | 'E_NETWORK' | 'E_TOO_LARGE';

/** Bytes could not be moved: the peer was silent, unreachable, reset the connection, or sent too much. */
export class TransportError extends CodedError<TransportCode> {
  override readonly name = 'TransportError';
}

export type RegistryCode = 'E_NOT_FOUND' | 'E_DENIED' | 'E_RATE_LIMITED' | 'E_UNAVAILABLE' | 'E_PROTOCOL';

export interface RegistryErrorDetails {
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

  constructor(code: RegistryCode, message: string, details: RegistryErrorDetails = {}) {
    super(code, message, details.cause === undefined ? undefined : { cause: details.cause });
    this.status = details.status;
    this.registryCodes = details.registryCodes ?? [];
    this.retryAfterMs = details.retryAfterMs;
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
    super(message);
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
    super(`Held by policy: ${reason}`);
    this.reason = reason;
    this.until = until;
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
}

export type StorageCode = 'E_STORAGE_DENIED' | 'E_STORAGE_NOT_FOUND' | 'E_BLOB_EXISTS';

/** Blob storage refuses: no right, no such container or blob, or a blob that may not be overwritten. Holds no SAS. */
export class StorageError extends CodedError<StorageCode> {
  override readonly name = 'StorageError';
}

/** The stable code of any thrown value; `E_UNKNOWN` for what we do not know by name. */
export function codeOf(error: unknown): string {
  return error instanceof LongshoreError ? error.code : 'E_UNKNOWN';
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
