import { posix, win32 } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryPath, whyRefused } from '../../../shared/transfer/archive/entry-path.ts';

describe('the path of an archive entry', () => {
  it.each([
    ['index.json', 'index.json'],
    ['./index.json', 'index.json'],
    ['blobs/sha256/', 'blobs/sha256'],
    ['./blobs//sha256/./abc', 'blobs/sha256/abc'],
    ['...', '...'],
  ])('%s is %s', (name, path) => {
    expect(whyRefused({ name, type: name.endsWith('/') ? 'directory' : 'file' })).toBeUndefined();
    expect(entryPath(name)).toBe(path);
  });

  it('takes ./ for the top of the archive', () => {
    expect(whyRefused({ name: './', type: 'directory' })).toBeUndefined();
    expect(entryPath('./')).toBe('');
  });

  it.each([
    ['/etc/passwd', 'absolute'],
    ['C:/windows', 'absolute'],
    ['./C:', 'absolute'],
    ['../up', '".."'],
    ['blobs/../../up', '".."'],
    ['blobs\\sha256', 'backslash'],
    ['a\u0000b', 'control character'],
    ['a\nb', 'control character'],
    ['./', 'without a name'],
    ['x'.repeat(513), 'longer than 512'],
  ])('refuses the file %j: %s', (name, reason) => {
    expect(whyRefused({ name, type: 'file' })).toContain(reason);
  });

  it('refuses links and devices', () => {
    expect(whyRefused({ name: 'index.json', type: 'other' })).toContain('link');
  });

  it('never leads out of the layout, on any system', () => {
    const part = fc.constantFrom('..', '.', '', 'a', 'C:', '\\', '/', '\\..\\', 'blobs');
    const hostile = fc.oneof(
      fc.array(part).map((parts) => parts.join('/')),
      fc.array(part).map((parts) => parts.join('')),
      fc.string(),
    );
    fc.assert(
      fc.property(hostile, (name) => {
        if (whyRefused({ name, type: 'file' })) return;
        const path = entryPath(name);
        expect(posix.join('/layout', path)).toBe(`/layout/${path}`);
        expect(win32.resolve('D:\\layout', path).startsWith('D:\\layout\\')).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
