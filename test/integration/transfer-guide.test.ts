import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { buildImageIndex, pushContent } from '../../local/demo-content/index.ts';
import { parseConfig } from '../../shared/config/index.ts';
import { runCliProcess } from '../helpers/cli.ts';
import { startTestRegistry, temporaryFolder } from '../helpers/test-registry.ts';

async function blocksOfGuide(language: string): Promise<readonly string[]> {
  const text = await readFile(path.resolve(import.meta.dirname, '../../docs/guides/transfer.md'), 'utf8');
  const pattern = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms');
  return [...text.matchAll(pattern)].map(([, block = '']) => block);
}

it('the guide’s walkthrough carries images from one registry to another', { timeout: 60_000 }, async () => {
  const [acme, plant] = [await startTestRegistry(), await startTestRegistry()];
  for (const tag of ['1.0', '1.1', '2.0']) {
    await pushContent(acme.url, 'apps/shop', [tag], await buildImageIndex({ seed: tag }));
  }
  const folder = await temporaryFolder();
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  await writeFile(path.join(folder, 'release.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await writeFile(path.join(folder, 'release.pub'), publicKey.export({ type: 'spki', format: 'pem' }));

  const commands = (await blocksOfGuide('sh')).flatMap((block) => block.trim().split('\n'));
  expect(commands.length).toBeGreaterThan(5);
  for (const command of commands) {
    const [program, ...args] = command
      .replaceAll('acme.azurecr.io', acme.host)
      .replaceAll('plant.azurecr.io', plant.host)
      .split(' ');
    expect(program).toBe('longshore');
    const { exitCode, stderr } = await runCliProcess(args, { folder });
    expect({ command, exitCode, stderr }).toEqual({ command, exitCode: 0, stderr: '' });
  }
  const listed = await fetch(`${plant.url}/v2/apps/shop/tags/list`);
  expect(await listed.json()).toEqual({ name: 'apps/shop', tags: ['1.0', '1.1', '2.0'] });
});

it('the guide’s configurations are valid', async () => {
  const configurations = await blocksOfGuide('yaml');
  expect(configurations).toHaveLength(2);
  const [exporting, importing] = configurations.map((text) => parseConfig(text, '/etc/longshore.yaml', {}));
  expect(exporting?.transfer?.exportPipelines).toMatchObject([
    { name: 'toThePlant', registry: 'acme.azurecr.io', longshore: { partSize: 4 * 1024 ** 3 } },
  ]);
  expect(importing?.transfer?.importPipelines).toMatchObject([
    { name: 'fromHeadquarters', longshore: { trustedKeys: [{ file: '/etc/keys/release.pub' }] } },
  ]);
});
