/**
 * Builds the deployable package in `dist/`: one bundle with every function, `host.json` and a `package.json` whose
 * `main` names it. `func azure functionapp publish`, zip deployment or a container take the folder as it is.
 */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

const root = import.meta.dirname;
const out = path.join(root, 'dist');

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { functions: 'functions/register.ts' },
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  sourcemap: true,
  metafile: true,
  // Provided by the host; it must stay an import for the host to answer it.
  external: ['@azure/functions-core'],
  // CommonJS dependencies need a `require`, and without it the app would register no function.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
});
await copyFile(path.join(root, 'host.json'), path.join(out, 'host.json'));
const { name, version, type } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
const manifest = { name, version, type, main: 'functions.mjs' };
await writeFile(path.join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);

const sizes = Object.entries(metafile.outputs).filter(([file]) => file.endsWith('.mjs'));
const total = sizes.reduce((sum, [, { bytes }]) => sum + bytes, 0);
console.log(`dist/ is ready: ${sizes.length} modules, ${(total / 1e6).toFixed(1)} MB`);
