import path from 'node:path';
import * as z from 'zod';
import { property, type SectionCheck } from './section-check.ts';
import { strictObject } from './strict-object.ts';

/** Where the PEM files are that https to one registry needs. Absolute paths; `certFile` and `keyFile` come together. */
export interface TlsFiles {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

const TLS_FILE_KEYS = ['caFile', 'certFile', 'keyFile'] as const;

const file = z.string().min(1).max(4096);

const whenMapping = { when: ({ value }: { value: unknown }) => typeof value === 'object' && value !== null };

export const tlsSchema = strictObject({
  caFile: file
    .optional()
    .describe('PEM file with additional certificate authorities to trust for this registry.'),
  certFile: file
    .optional()
    .describe('PEM file with the client certificate, for a registry that requires one; needs keyFile.'),
  keyFile: file.optional().describe('PEM file with the key of certFile, without a passphrase.'),
})
  .refine((tls: TlsFiles) => TLS_FILE_KEYS.some((key) => tls[key] !== undefined), {
    error: 'expected caFile, or certFile and keyFile',
    ...whenMapping,
  })
  .refine((tls: TlsFiles) => tls.certFile === undefined || tls.keyFile !== undefined, {
    error: 'is missing; certFile needs it',
    path: ['keyFile'],
    ...whenMapping,
  })
  .refine((tls: TlsFiles) => tls.keyFile === undefined || tls.certFile !== undefined, {
    error: 'is missing; keyFile needs it',
    path: ['certFile'],
    ...whenMapping,
  })
  .meta({
    minProperties: 1,
    dependencies: { certFile: ['keyFile'], keyFile: ['certFile'] },
  });

/** The folder that files named in a configuration are relative to; `undefined` for a configuration that is a URL. */
export function folderOf(configuration: string): string | undefined {
  return /^https?:\/\//.test(configuration) ? undefined : path.dirname(configuration);
}

/** The same files by their absolute paths. */
export function inFolder(tls: TlsFiles, folder: string): TlsFiles {
  const files = TLS_FILE_KEYS.flatMap((key) => {
    const named = tls[key];
    return named === undefined ? [] : [[key, path.resolve(folder, named)]];
  });
  return Object.fromEntries(files);
}

/** Finds files whose folder is unknown: relative paths in a configuration that is a URL. Files are read when needed. */
export const checkTls: SectionCheck = (value, where, { folder }) => {
  if (folder !== undefined) return [];
  return TLS_FILE_KEYS.flatMap((key) => {
    const name = property(value, key);
    if (typeof name !== 'string' || path.isAbsolute(name)) return [];
    const message = 'expected an absolute path, because this configuration is not in a folder';
    return [{ path: [...where, key], atKey: false, message }];
  });
};
