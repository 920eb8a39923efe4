/**
 * Builds the deployable package: one bundle with every function, `host.json` and a `package.json` whose `main` names
 * it. `func azure functionapp publish --no-build`, zip deployment or a container take the folder as it is; it needs no
 * `node_modules`. The Azure SDKs are modules of their own, loaded when first needed. Not minified: that starts no
 * faster, and stack traces stay readable.
 *
 *     node build.ts [FOLDER]      replaces FOLDER, `dist/` unless given
 */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

const root = import.meta.dirname;
const out = path.resolve(process.argv[2] ?? path.join(root, 'dist'));

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
  // @azure/service-bus has both: a lazy import of the CommonJS one would give a module without named exports, and
  // would bring its own copies of what the other SDKs share.
  mainFields: ['module', 'main'],
  // For `node --enable-source-maps`; the sources themselves would double the package.
  sourcemap: true,
  sourcesContent: false,
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

const modules = Object.entries(metafile.outputs).filter(([file]) => file.endsWith('.mjs'));
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
const total = modules.reduce((sum, [, { bytes }]) => sum + bytes, 0);
const first = modules.find(([, { entryPoint }]) => entryPoint === 'functions/register.ts')?.[1].bytes ?? 0;
console.log(
  `${out} is ready: ${modules.length} modules, ${megabytes(total)}; a cold start reads ${megabytes(first)}`,
);
