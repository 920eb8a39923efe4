import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Plugin } from 'esbuild';

/** `import { … } from '…/index.ts'`, as the formatter writes it, on one line or on several. */
const BARREL_IMPORT = /^import \{([^}]*)\} from '(\.[^']*\/index\.ts)';$/gm;
/** `z` is an object with all of zod, of which esbuild cannot drop the unused parts; of a namespace import it can. */
const ZOD_IMPORT = /^import \{ z \} from 'zod';$/m;
const NAMED_EXPORT = /^export \{([^}]*)\} from '(\.[^']*)';$/gm;
const STAR_EXPORT = /^export \* from '(\.[^']*)';$/gm;
const DECLARATION = /^export (?:async )?(?:const|class|function\*?) (\w+)/gm;

/**
 * Replaces imports from an `index.ts` by imports from the files that declare the names. When esbuild splits a program
 * into modules that are loaded at different times, it follows whole files: an import of one name from an index would
 * load everything that the index exports.
 */
export function directImports(sources: RegExp): Plugin {
  return {
    name: 'direct-imports',
    setup(build) {
      build.onLoad({ filter: sources }, async ({ path: file }) => {
        const text = await readFile(file, 'utf8');
        const contents = text.replace(BARREL_IMPORT, (statement, names: string, from: string) =>
          // The number of lines stays the same, for the source map.
          [...directImport(file, names, from), ...statement.matchAll(/\n/g)].join(''),
        );
        return { contents: contents.replace(ZOD_IMPORT, "import * as z from 'zod';"), loader: 'ts' };
      });
    },
  };
}

function directImport(file: string, names: string, from: string): string[] {
  const folder = path.dirname(file);
  const barrel = path.join(folder, from);
  return values(names).map(({ name, as }) => {
    const home = homeOf(name, barrel);
    if (!home) throw new Error(`${file} imports ${name}, which ${barrel} does not export.`);
    return `import { ${home.name} as ${as} } from '${home.file}';`;
  });
}

/** Where a name that a file exports is declared, and as what. */
function homeOf(name: string, file: string): { readonly file: string; readonly name: string } | undefined {
  const text = readFileSync(file, 'utf8');
  if ([...text.matchAll(DECLARATION)].some(([, declared]) => declared === name)) return { file, name };
  const inFile = (from: string) => path.join(path.dirname(file), from);
  for (const [, names = '', from = ''] of text.matchAll(NAMED_EXPORT)) {
    const exported = values(names).find(({ as }) => as === name);
    if (exported) return homeOf(exported.name, inFile(from));
  }
  for (const [, from = ''] of text.matchAll(STAR_EXPORT)) {
    const home = homeOf(name, inFile(from));
    if (home) return home;
  }
  return undefined;
}

/** What is between the braces, without the types. */
function values(names: string): readonly { readonly name: string; readonly as: string }[] {
  return names
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '' && !one.startsWith('type '))
    .map((one) => {
      const [name = '', as = name] = one.split(' as ');
      return { name, as };
    });
}
