import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['shared', 'functions', 'local', 'cli', 'bench'];

/** What each part may import besides itself. Capabilities are reached through their `index.ts` only. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'shared/errors': [],
  'shared/deadline': ['shared/errors'],
  'shared/resources': [],
  'shared/record-schema': ['shared/errors'],
  'shared/records': ['shared/record-schema', 'shared/resources'],
  'shared/lease': ['shared/records'],
  'shared/memo': [],
  'shared/clock': [],
  'shared/secret-reference': [],
  'shared/glob': [],
  'shared/telemetry': [],
  'shared/content': ['shared/errors'],
  'shared/registry': [
    'shared/buffer-reclaim',
    'shared/content',
    'shared/deadline',
    'shared/errors',
    'shared/telemetry',
  ],
  'shared/imports': [
    'shared/content',
    'shared/deadline',
    'shared/errors',
    'shared/record-schema',
    'shared/records',
    'shared/telemetry',
    'shared/lease',
    'shared/memo',
  ],
  'shared/events': [
    'shared/imports',
    'shared/deadline',
    'shared/errors',
    'shared/record-schema',
    'shared/records',
    'shared/telemetry',
  ],
  'shared/mirror': [
    'shared/record-schema',
    'shared/glob',
    'shared/content',
    'shared/registry',
    'shared/imports',
    'shared/errors',
    'shared/records',
    'shared/telemetry',
    'shared/lease',
    'shared/memo',
  ],
  'shared/transfer': [
    'shared/glob',
    'shared/content',
    'shared/imports',
    'shared/secret-reference',
    'shared/errors',
    'shared/record-schema',
    'shared/records',
    'shared/memo',
    'shared/telemetry',
  ],
  'shared/recovery': ['shared/imports', 'shared/errors'],
  'shared/webhooks': [
    'shared/content',
    'shared/mirror',
    'shared/errors',
    'shared/records',
    'shared/telemetry',
    'shared/memo',
    'shared/record-schema',
  ],
  'shared/budget': ['shared/content', 'shared/registry', 'shared/mirror', 'shared/errors', 'shared/records'],
  'shared/config': [
    'shared/budget',
    'shared/content',
    'shared/registry',
    'shared/mirror',
    'shared/transfer',
    'shared/webhooks',
    'shared/secret-reference',
    'shared/errors',
    'shared/resources',
  ],
  'shared/azure': [
    'shared/record-schema',
    'shared/buffer-reclaim',
    'shared/content',
    'shared/deadline',
    'shared/imports',
    'shared/mirror',
    'shared/recovery',
    'shared/transfer',
    'shared/errors',
    'shared/records',
    'shared/memo',
    'shared/resources',
  ],
  'shared/distribution-server': ['shared/content', 'shared/deadline', 'shared/errors'],
  'shared/retention': [
    'shared/content',
    'shared/events',
    'shared/imports',
    'shared/mirror',
    'shared/transfer',
    'shared/errors',
    'shared/records',
    'shared/memo',
  ],
  'shared/app': ['shared/*'],
  functions: ['shared/*'],
  cli: ['shared/*', 'local', 'package.json'],
  local: ['shared/*', 'functions'],
  bench: ['shared/*', 'local'],
};

/**
 * The folders inside a capability, the lowest first: a folder may import those before it, by their `index.ts`. The files
 * beside them come last and may import all; of those files, the folders may import none.
 */
const FOLDER_ORDER: Readonly<Record<string, readonly string[]>> = {
  'shared/mirror': [
    'selection',
    'watches',
    'observations',
    'inspection',
    'patterns',
    'polling',
    'deletions',
    'sync',
  ],
  'shared/imports': ['ledger', 'guards', 'copy', 'placement', 'batch'],
  'shared/transfer': ['archive', 'export', 'import', 'storage', 'pipelines', 'standalone'],
  'shared/registry': ['protocol', 'http', 'auth', 'endpoint', 'families', 'uploads', 'repository'],
};

/** The one folder, or file, that knows each outside package. */
const OWNER: Readonly<Record<string, readonly string[]>> = {
  undici: ['shared/registry/http', 'bench/poll'],
  zod: ['shared', 'functions', 'local'],
  yaml: ['shared/config'],
  croner: ['shared/mirror', 'shared/config', 'local/functions-host'],
  re2js: ['shared/glob', 'shared/mirror/selection'],
  semver: ['shared/mirror/selection'],
  'p-limit': ['shared', 'local'],
  'tar-stream': ['shared/transfer', 'local/demo-content'],
  commander: ['cli'],
  'cli-progress': ['cli', 'local'],
  'pretty-bytes': ['cli', 'local'],
  esbuild: ['bench/poll'],
  rhea: ['local/service-bus'],
  long: ['shared/azure'],
  azurite: ['local'],
  '@azure/functions': ['functions', 'local/functions-host'],
  '@azure/functions-extensions-base': ['functions'],
  '@azure/data-tables': ['shared/azure'],
  '@azure/identity': ['shared/azure', 'local/functions-host'],
  '@azure/keyvault-secrets': ['shared/azure'],
  '@azure/service-bus': ['shared/azure', 'local/functions-host'],
  '@azure/storage-blob': ['shared/azure', 'local/functions-host', 'bench/transfer'],
  '@azure/storage-queue': ['local/functions-host'],
};

interface Import {
  readonly file: string;
  readonly specifier: string;
}

function sources(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.posix.join(folder, file.split(path.sep).join('/')));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(root, file), 'utf8');
  const pattern = /^(?:import|export)\b[^'"`;=]*\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm;
  return [...text.matchAll(pattern)].map(([, named, bare, dynamic]) => ({
    file,
    specifier: named ?? bare ?? dynamic ?? '',
  }));
}

/** `shared/mirror/plan.ts` belongs to `shared/mirror`, `shared/errors.ts` to `shared/errors`, `cli/a/b.ts` to `cli`. */
function partOf(file: string): string {
  const [top = '', second = ''] = file.split('/');
  return top === 'shared' ? `shared/${second.replace(/\.ts$/, '')}` : top;
}

const imports = FOLDERS.flatMap(sources).flatMap(importsOf);
const inside = imports
  .filter(({ specifier }) => specifier.startsWith('.'))
  .map(({ file, specifier }) => ({ file, to: path.posix.join(path.posix.dirname(file), specifier) }));
const outside = imports.filter(({ specifier }) => !/^(\.|node:)/.test(specifier));

describe('the architecture', () => {
  it('is looked at in full', () => {
    expect(imports.length).toBeGreaterThan(100);
  });

  it('has imports that go one way', () => {
    const wrong = inside.filter(({ file, to }) => {
      const [from, target] = [partOf(file), partOf(to)];
      if (from === target) return false;
      const allowed = MAY_IMPORT[from] ?? [];
      return !allowed.some((one) => one === target || (one === 'shared/*' && target.startsWith('shared/')));
    });
    expect(wrong).toEqual([]);
  });

  it('reaches a capability through its index only', () => {
    const wrong = inside.filter(({ file, to }) => {
      const target = partOf(to);
      return partOf(file) !== target && /^shared\/[^/]+\/.+/.test(to) && to !== `${target}/index.ts`;
    });
    expect(wrong).toEqual([]);
  });

  it.each(Object.entries(FOLDER_ORDER))(
    'has folders in %s that build on each other one way',
    (part, order) => {
      const folderOf = (file: string) => {
        const [folder = '', rest] = file.slice(part.length + 1).split('/');
        return rest === undefined ? undefined : folder;
      };
      const rank = (folder: string | undefined) =>
        folder === undefined ? order.length : order.indexOf(folder);
      const files = sources(part);
      expect(new Set(files.map(folderOf).filter((folder) => folder !== undefined))).toEqual(new Set(order));
      const wrong = inside.filter(({ file, to }) => {
        if (!file.startsWith(`${part}/`) || !to.startsWith(`${part}/`)) return false;
        const [from, target] = [folderOf(file), folderOf(to)];
        if (from === target) return false;
        const isByDoor = target !== undefined && to === `${part}/${target}/index.ts`;
        return rank(target) > rank(from) || !isByDoor;
      });
      expect(wrong).toEqual([]);
    },
  );

  it('has no files that import each other, not even for types', () => {
    const product = inside.filter(({ file }) => /^(?:shared|cli)\//.test(file));
    expect(cyclesIn(product)).toEqual([]);
  });

  it('gives every outside package one owner', () => {
    const packageOf = (specifier: string) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');
    const wrong = outside.filter(({ file, specifier }) => {
      const owners = OWNER[packageOf(specifier)];
      return !owners?.some((owner) => file === `${owner}.ts` || file.startsWith(`${owner}/`));
    });
    expect(wrong).toEqual([]);
  });

  it('reads the environment of the process in one place', () => {
    const readers = FOLDERS.flatMap(sources).filter(
      (file) =>
        /process\.env\b/.test(readFileSync(path.join(root, file), 'utf8')) && !/^(local|bench)\//.test(file),
    );
    expect(readers.filter((file) => !file.startsWith('shared/config/'))).toEqual([]);
  });

  it('has a page whose table says the same', () => {
    const isFolder = (part: string) => existsSync(path.join(root, part)) && !part.includes('.');
    const describeTarget = (part: string) =>
      part === 'shared/*' ? 'all of `shared/`' : part.startsWith('shared/') ? part.slice(7) : `\`${part}/\``;
    const expected = Object.entries(MAY_IMPORT)
      .filter(([part]) => isFolder(part) && part !== 'bench')
      .map(([part, targets]) => {
        const folders = targets.filter((target) => target === 'shared/*' || isFolder(target));
        return [`\`${part}/\``, folders.toSorted().map(describeTarget).join(', ')];
      });
    const page = readFileSync(path.join(root, 'docs/architecture.md'), 'utf8');
    const [, table = ''] = page.split('| folder | contains | may import |');
    const rows = [...(table.split('\n\n')[0] ?? '').matchAll(/^\| (`[^|]+`) \|[^|]*\| ?([^|]*?) ?\|$/gm)];
    const shown = rows.map(([, part, targets]) => [part, targets]);
    expect(shown.toSorted()).toEqual(expected.toSorted());
  });
});

/** Each circle of files as `a.ts <> b.ts`, the files in order (Tarjan's strongly connected components). */
function cyclesIn(edges: readonly { readonly file: string; readonly to: string }[]): string[] {
  const next = new Map<string, string[]>();
  for (const { file, to } of edges) next.set(file, [...(next.get(file) ?? []), to]);
  const seenAt = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[] = [];
  const visit = (file: string): number => {
    const at = seenAt.size;
    seenAt.set(file, at);
    stack.push(file);
    let lowest = at;
    for (const to of next.get(file) ?? []) {
      if (!seenAt.has(to)) lowest = Math.min(lowest, visit(to));
      else if (stack.includes(to)) lowest = Math.min(lowest, seenAt.get(to) ?? at);
    }
    if (lowest === at) {
      const circle = stack.splice(stack.indexOf(file));
      if (circle.length > 1 || next.get(file)?.includes(file)) cycles.push(circle.sort().join(' <> '));
    }
    return lowest;
  };
  for (const file of next.keys()) if (!seenAt.has(file)) visit(file);
  return cycles;
}
