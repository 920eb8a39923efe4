import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Record<string, string> }>>;
}

/** Where `require` would look for a package from `from`, nearest first. */
function candidates(from: string, name: string): string[] {
  const folders = from.split('/node_modules/');
  return [...folders.keys()]
    .map((depth) => [...folders.slice(0, folders.length - depth), name].join('/node_modules/'))
    .concat(`node_modules/${name}`);
}

test('the lock file names the packages of every platform, without which npm ci refuses to install', () => {
  const { packages }: Lock = JSON.parse(
    readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'),
  );
  const missing = Object.entries(packages).flatMap(([from, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !candidates(from, name).some((candidate) => candidate in packages),
    ),
  );
  expect(missing).toEqual([]);
});
