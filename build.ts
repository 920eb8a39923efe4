/**
 * Builds the packages for deployment. They do not need `node_modules`. Code that is not needed at the start, above all
 * the Azure SDKs, is in separate modules that are loaded on demand. Not minified: that is not faster to start, and
 * stack traces stay readable.
 *
 * - The functions: one bundle with every function, `host.json`, and a `package.json` whose `main` is the bundle.
 *   Publish the folder with `func azure functionapp publish NAME --javascript --no-build`, as a zip file or in a
 *   container.
 * - The command line program in `cli/`, which the `package.json` has as `bin`: `npm install --global FOLDER` puts
 *   `longshore` on the path. `FOLDER/cli/longshore.mjs` is executable.
 *
 *     node build.ts [FOLDER]      replaces FOLDER, by default `dist/`
 *     node build.ts --cli FOLDER  builds only the command line program, into FOLDER itself
 */
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { directImports } from './build/direct-imports.ts';
import { leanUndici } from './build/lean-undici.ts';
import { recordInputs } from './build/record-inputs.ts';

const root = import.meta.dirname;
const CLI = 'cli/longshore.mjs';
const SOURCES = /[/\\](?:cli|functions|shared)[/\\].*\.ts$/;

/** What else determines the build. npm writes the last one whenever it changes `node_modules`. */
const BUILD_INPUTS = ['build.ts', 'build/direct-imports.ts', 'build/lean-undici.ts', 'package-lock.json'];
const PACKAGES = 'node_modules/.package-lock.json';
const startedAt = Date.now();

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { cli: { type: 'boolean', default: false } },
});
const out = path.resolve(positionals[0] ?? path.join(root, 'dist'));

const shared = {
  absWorkingDir: root,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  plugins: [directImports(SOURCES), leanUndici(root)],
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
  // Leaves undici's experimental parser out.
  define: { esbuildDetection: 'true' },
  // CommonJS dependencies need a `require`, and without it the app would register no function.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
} satisfies BuildOptions;

async function buildFunctions(): Promise<void> {
  const { metafile } = await build({
    ...shared,
    entryPoints: { functions: 'functions/register.ts' },
    outdir: out,
    // Provided by the host; it must stay an import for the host to answer it.
    external: ['@azure/functions-core'],
  });
  await copyFile(path.join(root, 'host.json'), path.join(out, 'host.json'));
  const { name, version, type } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const manifest = { name, version, type, main: 'functions.mjs', bin: { [name]: CLI } };
  await writeFile(path.join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  report(out, metafile, ['functions/register.ts']);
}

/** Most runs copy one small image, and its start takes half of their time. */
async function buildCli(folder: string): Promise<void> {
  const { metafile } = await build({
    ...shared,
    entryPoints: { longshore: 'cli/main.ts' },
    outdir: folder,
  });
  await chmod(path.join(folder, path.basename(CLI)), 0o755);
  const sources = Object.keys(metafile.inputs).filter((file) => existsSync(path.join(root, file)));
  const inputs = [
    ...sources.filter((file) => !file.startsWith('node_modules/')),
    ...BUILD_INPUTS,
    ...(existsSync(path.join(root, PACKAGES)) ? [PACKAGES] : []),
  ];
  await recordInputs(root, inputs, startedAt, path.join(folder, 'inputs.json'));
  report(folder, metafile, ['cli/main.ts', 'cli/program.ts', 'cli/commands/import.ts']);
}

/** @param first entry points that are loaded at the start, together with their static imports */
function report(folder: string, { outputs }: Metafile, first: readonly string[]): void {
  const modules = Object.keys(outputs).filter((file) => file.endsWith('.mjs'));
  const read = new Set(modules.filter((file) => first.includes(outputs[file]?.entryPoint ?? '')));
  for (const file of read) {
    for (const { path: to, kind } of outputs[file]?.imports ?? []) {
      if (kind === 'import-statement' && outputs[to]) read.add(to);
    }
  }
  const bytesOf = (files: Iterable<string>) =>
    `${([...files].reduce((sum, file) => sum + (outputs[file]?.bytes ?? 0), 0) / 1e6).toFixed(1)} MB`;
  console.log(
    `${folder} is ready: ${modules.length} modules, ${bytesOf(modules)}; a cold start reads ${bytesOf(read)}`,
  );
}

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
if (flags.cli) await buildCli(out);
else {
  await buildFunctions();
  await buildCli(path.join(out, path.dirname(CLI)));
}
