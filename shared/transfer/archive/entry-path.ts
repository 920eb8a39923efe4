import type { TarEntry } from './tar-entries.ts';

/** Longer than any path of a layout; bounds what the names of a hostile archive take up in memory. */
const MAX_PATH_LENGTH = 512;

/**
 * Why an entry is refused, if it is: links, devices, and names that could lead outside the layout on some
 * system. No image layout needs them.
 */
export function whyRefused({ name, type }: Pick<TarEntry, 'name' | 'type'>): string | undefined {
  if (type === 'other') return 'it is neither a file nor a directory (a link or a device?)';
  if (name.length > MAX_PATH_LENGTH) return `its name is longer than ${MAX_PATH_LENGTH} characters`;
  if (name.startsWith('/') || /^[a-z]:/i.test(entryPath(name))) return 'its path is absolute';
  if (name.includes('\\')) return 'its path has a backslash';
  if (/\p{Cc}/u.test(name)) return 'its path has a control character';
  if (name.split('/').includes('..')) return 'its path has ".."';
  if (type === 'file' && entryPath(name) === '') return 'it is a file without a name';
  return undefined;
}

/** The path of a name inside the layout: without a leading `./` or a trailing slash. */
export function entryPath(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
