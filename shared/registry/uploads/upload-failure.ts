import { IntegrityError, RegistryError, TransportError } from '../../errors.ts';
import type { UploadBody } from './upload-body.ts';
import type { Blob } from './upload-session.ts';

/** The code of distribution-spec for a session that has ended or never existed. */
const SESSION_GONE = 'BLOB_UPLOAD_UNKNOWN';

/** The source's own failure before the broken connection it caused; a registry's "wrong digest" as what it is. */
export function toUploadError(thrown: unknown, { failure }: UploadBody, { digest }: Blob): unknown {
  if (failure) return failure.error;
  if (thrown instanceof RegistryError && saysWrongBytes(thrown)) {
    return new IntegrityError(
      'E_DIGEST_MISMATCH',
      `The registry received bytes that do not match ${digest}. Nothing was tagged.`,
      { operation: thrown.operation, side: thrown.side, cause: thrown },
    );
  }
  if (thrown instanceof RegistryError && thrown.registryCodes.includes(SESSION_GONE)) {
    // Nothing that was asked for is missing: the registry lost its context, and may keep it another time.
    const { message, registryCodes, operation, side, status = 404 } = thrown;
    return new RegistryError('E_UNAVAILABLE', message, {
      status,
      registryCodes,
      operation,
      side,
      cause: thrown,
    });
  }
  return thrown;
}

/** Not-found is about the session: registries lose or expire them. */
export function isPassing(error: unknown): boolean {
  if (error instanceof TransportError) return error.code !== 'E_TOO_LARGE';
  if (error instanceof RegistryError) {
    return ['E_UNAVAILABLE', 'E_RATE_LIMITED', 'E_NOT_FOUND'].includes(error.code);
  }
  return error instanceof IntegrityError;
}

export function retryAfterOf(error: unknown): number | undefined {
  return error instanceof RegistryError ? error.retryAfterMs : undefined;
}

/** Whether what arrived cannot be used. Holds for errors that `toUploadError` gave. */
export function isWrongBytes(error: unknown): boolean {
  return error instanceof IntegrityError;
}

/** Whether a registry will not go on with an upload: it has it no more, wants other bytes first, or knows no chunks. */
export function isSessionRefused(thrown: unknown): boolean {
  return (
    thrown instanceof RegistryError &&
    ['E_NOT_FOUND', 'E_PROTOCOL'].includes(thrown.code) &&
    !saysWrongBytes(thrown)
  );
}

function saysWrongBytes({ registryCodes }: RegistryError): boolean {
  return registryCodes.some((code) => /^(?:DIGEST|SIZE)_INVALID$/.test(code));
}
