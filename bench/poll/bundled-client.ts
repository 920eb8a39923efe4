import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Bundles the polling process as what is deployed is: what is loaded from its sources keeps the compiler that strips
 * their types in memory. Resolves to the file in `folder`.
 */
export async function bundleClient(folder: string): Promise<string> {
  const file = join(folder, 'client.mjs');
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['bench/poll/client.ts'],
    outfile: file,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // Loaded when first needed, and nothing here needs them.
    external: ['@azure/*'],
    mainFields: ['module', 'main'],
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  });
  return file;
}
