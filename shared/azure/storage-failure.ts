import { LongshoreError, StorageError, TransportError } from '../errors.ts';
import { identityFailure, isIdentityFailure, statusOf } from './entra-tokens.ts';

/**
 * What the storage SDK threw, in our words and without it: its errors keep the request, whose URL may hold a SAS.
 * @param what what was asked of storage, as a subject: `Blob transfer/app.tar`
 * @param refusal why storage may have said 403, with what to do
 */
export function storageFailure(error: unknown, what: string, refusal: string): LongshoreError {
  if (error instanceof LongshoreError) return error;
  if (isIdentityFailure(error)) return identityFailure(error, 'a token for Azure Storage');
  const status = statusOf(error);
  const code = storageCodeOf(error);
  switch (status) {
    case 401:
    case 403:
      return new StorageError(
        'E_STORAGE_DENIED',
        `${what} was refused by storage (${[status, code].filter(Boolean).join(' ')}). ${refusal}`,
      );
    case 404:
      return new StorageError(
        'E_STORAGE_NOT_FOUND',
        code === 'ContainerNotFound'
          ? `${what}: the container does not exist. Create it, or correct its name.`
          : `${what} does not exist${code ? ` (${code})` : ''}.`,
      );
    default: {
      const how = status === undefined ? 'could not be reached' : `answered ${status} ${code}`.trim();
      return new TransportError('E_NETWORK', `${what}: storage ${how}. Try again later.`);
    }
  }
}

/** Storage's own word for what is wrong, such as `BlobAlreadyExists`; nothing else of the answer. */
export function storageCodeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Za-z_]{1,80}$/.test(code) ? code : '';
}
