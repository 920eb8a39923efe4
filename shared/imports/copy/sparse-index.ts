import { RegistryError } from '../../errors.ts';

/**
 * What registries answer to an index that names children they do not hold: distribution-spec, "Error Codes", leaves
 * the choice open (distribution says MANIFEST_BLOB_UNKNOWN, Gitea BLOB_UNKNOWN). An index refused for another reason
 * is refused again when trimmed.
 */
const MISSING_CHILD_CODES: ReadonlySet<string> = new Set([
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_UNKNOWN',
  'BLOB_UNKNOWN',
  'MANIFEST_INVALID',
]);

export function refusesSparseIndex(error: unknown): boolean {
  return error instanceof RegistryError && error.registryCodes.some((code) => MISSING_CHILD_CODES.has(code));
}
