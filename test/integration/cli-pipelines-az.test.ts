import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { buildImageIndex, pushContent } from '../../local/demo-content/index.ts';
import { useAzurite } from '../helpers/azurite.ts';
import { type CliResult, runCli } from '../helpers/cli.ts';
import { transferWorld } from '../helpers/transfer-world.ts';

const azurite = useAzurite();
const CONTAINER = 'https://acme.blob.core.windows.net/Outbound';
const SECRET = 'https://acme.vault.azure.net/secrets/outbound-sas';

it('pipelines are made with the short flags of az, in any case it takes', { timeout: 60_000 }, async () => {
  const { environment } = await transferWorld(azurite());
  const longshore = (words: string): Promise<CliResult> => runCli(words.split(' '), { environment });
  const made = async (words: string) => JSON.parse((await longshore(`${words} --json`)).stdout);

  expect(
    await made(
      `export-pipeline create -r acme.azurecr.io -n outbound -c ${CONTAINER} -m sastoken -s ${SECRET} -z overwriteblobs ContinueOnErrors -i [system] --platform linux/amd64,linux/arm64 windows/amd64`,
    ),
  ).toMatchObject({
    registry: 'acme.azurecr.io',
    target: { uri: CONTAINER.toLowerCase(), keyVaultUri: SECRET, storageAccessMode: 'SasToken' },
    options: ['OverwriteBlobs', 'ContinueOnErrors'],
    identity: { type: 'SystemAssigned' },
    longshore: { platforms: ['linux/amd64', 'linux/arm64', 'windows/amd64'] },
  });
  const inbound = `import-pipeline create -r acme.azurecr.io -n inbound -c ${CONTAINER} -m ManagedIdentity`;
  const triggerOf = async (flag: string) => (await made(`${inbound}${flag}`)).trigger.sourceTrigger.status;
  expect(await triggerOf('')).toBe('Enabled');
  expect(await triggerOf(' -e')).toBe('Enabled');
  expect(await triggerOf(' -e False')).toBe('Disabled');
  expect(await triggerOf(' --source-trigger-enabled true')).toBe('Enabled');

  for (const [flags, reason] of [
    [`${inbound} -e maybe`, 'Expected true or false'],
    [`${inbound} -z Everything`, 'Expected one of OverwriteTags, OverwriteBlobs'],
    [`${inbound} -s ${SECRET}`, 'a managed identity needs no SAS token'],
    [`${inbound} -i /subscriptions/1/userAssignedIdentities/acme`, 'expected the client ID'],
    [`import-pipeline create -r acme -n inbound -c ${CONTAINER}`, 'expected the host of a registry'],
    [`import-pipeline create -r https://acme.io -n inbound -c ${CONTAINER}`, 'expected the host'],
  ] as const) {
    expect(await longshore(flags)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(reason) });
  }
});

it('a registry that is named must be that of the pipeline or run', { timeout: 60_000 }, async () => {
  const world = await transferWorld(azurite());
  const { near, far, containerUri, environment } = world;
  const longshore = (words: string): Promise<CliResult> => runCli(words.split(' '), { environment });
  await pushContent(near.url, 'apps/shop', ['1.0'], await buildImageIndex({ seed: 'shop' }));
  await longshore(
    `export-pipeline create -r ${near.host} -n outbound -c ${containerUri} --sas-token env:TRANSFER_SAS`,
  );
  const order = 'pipeline-run create -p outbound -t export -n weekly42 -b shop.tar -a apps/shop:1.0';
  expect((await longshore(`${order} -r ${far.host}`)).stderr).toContain(
    'There is no export pipeline outbound',
  );
  expect((await longshore(`${order} -r ${near.host}`)).exitCode).toBe(0);
  await world.carryOut('weekly42');
  expect((await longshore(`pipeline-run show -n weekly42 -r ${near.host}`)).stdout).toMatch(
    /\+ \S+\/apps\/shop:1\.0 +sha256:/,
  );

  for (const [words, exitCode] of [
    ['pipeline-run show -n weekly42', 2],
    ['pipeline-run delete -n weekly42', 3],
    ['export-pipeline show -n outbound', 2],
    ['export-pipeline delete -n outbound', 3],
  ] as const) {
    expect(await longshore(`${words} -r ${far.host}`)).toMatchObject({ exitCode });
  }
  for (const words of ['pipeline-run delete -n weekly42', 'export-pipeline delete -n outbound'])
    expect(await longshore(`${words} -r ${near.host}`)).toMatchObject({ exitCode: 0 });
});

it('doctor reads the keys of a pipeline as well, and repeats none', async () => {
  const { near, containerUri, environment } = await transferWorld(azurite());
  const longshore = (words: string): Promise<CliResult> => runCli(words.split(' '), { environment });
  const { privateKey } = generateKeyPairSync('ed25519');
  environment.SIGNING_KEY = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  environment.BROKEN_KEY = '-----BEGIN PUBLIC KEY-----\nSECRET\n-----END PUBLIC KEY-----';
  const place = `-r ${near.host} -c ${containerUri} --sas-token env:TRANSFER_SAS`;
  await longshore(`export-pipeline create -n bothways ${place} --sign-key env:SIGNING_KEY`);
  await longshore(
    `import-pipeline create -n bothways ${place} --verify-key env:SIGNING_KEY --verify-key env:BROKEN_KEY`,
  );
  const { exitCode, stdout } = await longshore('doctor pipeline bothways');
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/ok +signing key +sha256:\w+ is in the environment variable SIGNING_KEY/);
  expect(stdout).toMatch(/ok +trusted key/);
  expect(stdout).toMatch(/FAILED +trusted key +The text given is not a public key/);
  expect(stdout).not.toMatch(/SECRET|PRIVATE/);
});

it('an export to a blob that is there ends before anything is read', async () => {
  const { near, container, environment, sasToken } = await transferWorld(azurite());
  await container.getBlockBlobClient('shop.tar').upload('there', 5);
  await pushContent(near.url, 'apps/shop', ['1.0'], await buildImageIndex({ seed: 'shop' }));
  const words = ['export', `${near.host}/apps/shop:1.0`, '--to', `${container.url}/shop.tar`];
  const run = () => runCli([...words, '--sas-token', 'env:TRANSFER_SAS'], { environment });
  for (const rights of ['rw', 'w']) {
    environment.TRANSFER_SAS = sasToken(rights);
    expect(await run()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('--overwrite') });
  }
  expect((await container.getBlobClient('shop.tar').downloadToBuffer()).toString()).toBe('there');
});
