import * as z from 'zod';
import { parseRepositoryName, type RepositoryName } from '../content/index.ts';
import { parseRepositoryPattern, type RepositoryPattern } from '../mirror/index.ts';

/** A step of a schema that parses; what the parser throws becomes an issue. */
export function parsedBy<T>(parse: (text: string) => T) {
  return (text: string, context: z.RefinementCtx): T => {
    try {
      return parse(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
      return z.NEVER;
    }
  };
}

function parseRepository(text: string): RepositoryName {
  return parseAtRegistry(text, parseRepositoryName);
}

/** With a `*`, it is a pattern. */
export function parseRepositoryOrPattern(text: string): RepositoryName | RepositoryPattern {
  return text.includes('*') ? parseAtRegistry(text, parseRepositoryPattern) : parseRepository(text);
}

function parseAtRegistry<T extends { readonly registry: string }>(
  text: string,
  parse: (text: string) => T,
): T {
  // Not quoted: a pasted URL may hold a password.
  if (text.includes('://')) throw new Error('expected HOST/REPOSITORY without "https://" in front');
  const parsed = parse(text);
  if (parsed.registry !== parsed.registry.toLowerCase())
    throw new Error('the registry host must be lower case');
  return parsed;
}

function checkHost(host: string): void {
  if (host === 'index.docker.io') throw new Error('expected docker.io, which is the name used in references');
  // A word without a dot means a repository on Docker Hub.
  if (/[/@*]/.test(host) || parseRepository(`${host}/any`).registry !== host) {
    throw new Error('expected a registry host, with a port where needed, such as harbor.corp:5000');
  }
}

/** A registry host, as written in references. */
export const hostSchema = z.string().superRefine(parsedBy(checkHost));
