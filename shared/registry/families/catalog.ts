import * as z from 'zod';
import { InvalidInputError } from '../../errors.ts';
import type { Page, WebApi } from './listing.ts';

export interface CatalogPage extends Page {
  /** Repositories as written in references, `library/` included. Not yet checked. */
  readonly rows: readonly string[];
}

/** How one family lists its repositories: what to request, and how to read the response. */
export interface CatalogApi extends WebApi<CatalogPage> {
  /**
   * Paths and queries where the first page may be; the next is tried when the one before is not found.
   * @param prefix what the repositories wanted begin with
   * @throws InvalidInputError `E_ARGUMENT` when that is too little to ask for
   */
  firstPages(prefix: string): readonly string[];
}

/** `acme` of `acme/` and `acme/app-`: the repositories wanted are all in it. `undefined` when they need not be in one. */
export function namespaceOf(prefix: string): string | undefined {
  const slash = prefix.indexOf('/');
  return slash < 0 ? undefined : encodeURIComponent(prefix.slice(0, slash));
}

/** @throws InvalidInputError `E_ARGUMENT` with the advice when the repositories wanted need not be in one namespace */
export function requiredNamespace(prefix: string, advice: string): string {
  const namespace = namespaceOf(prefix);
  if (namespace !== undefined) return namespace;
  throw new InvalidInputError('E_ARGUMENT', advice);
}

/** A repository as registries with namespaces list it. */
export const namespacedRepository = z
  .object({ namespace: z.string(), name: z.string() })
  .transform(({ namespace, name }) => `${namespace}/${name}`);
