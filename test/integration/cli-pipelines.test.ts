import { expect, it } from 'vitest';
import { buildImageIndex, pushContent } from '../../local/demo-content/index.ts';
import { useAzurite } from '../helpers/azurite.ts';
import { type CliResult, runCli } from '../helpers/cli.ts';
import { transferWorld } from '../helpers/transfer-world.ts';

const azurite = useAzurite();

it('pipelines and runs are made, looked at, checked and forgotten with the flags of az', {
  timeout: 60_000,
}, async () => {
  const world = await transferWorld(azurite());
  const { near, containerUri, environment } = world;
  const longshore = (words: string): Promise<CliResult> => runCli(words.split(' '), { environment });
  const image = await buildImageIndex({ seed: 'shop' });
  await pushContent(near.url, 'apps/shop', ['1.0'], image);

  const created = await longshore(
    `export-pipeline create -r ${near.host} -n outbound -c ${containerUri} -m SasToken --sas-token env:TRANSFER_SAS -z OverwriteTags ContinueOnErrors`,
  );
  expect(created).toMatchObject({ exitCode: 0, stderr: '' });
  expect(created.stdout).toContain('OverwriteTags has no effect on an export pipeline');
  expect((await longshore('export-pipeline list')).stdout).toMatch(
    /^outbound +127\.0\.0\.1:\d+ +SasToken +command /m,
  );
  expect(JSON.parse((await longshore('export-pipeline show -n outbound --json')).stdout)).toMatchObject({
    target: { uri: containerUri, storageAccessMode: 'SasToken' },
    options: ['OverwriteTags', 'ContinueOnErrors'],
  });
  const refused = await longshore('import-pipeline create -n in_bound -c https://x');
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toMatch(/This is not a valid import pipeline: .*name: .*[^.]\.\n$/s);
  expect((await longshore('import-pipeline show -n absent1')).stderr).toContain(
    'There is no import pipeline absent1',
  );

  const order = 'pipeline-run create -p outbound -n weekly42 -t export -b shop.tar';
  expect((await longshore(order)).stderr).toContain('an export needs artifacts');
  const ordered = await longshore(`${order} -a apps/shop:1.0 --json`);
  expect(JSON.parse(ordered.stdout)).toMatchObject({ response: { status: 'Queued' } });
  await world.carryOut('weekly42');
  const waited = await longshore(`${order} -a apps/shop:1.0 --wait`);
  expect(waited).toMatchObject({ exitCode: 0 });
  expect(waited.stdout).toContain('pipeline run weekly42: Succeeded (100%)');
  expect((await longshore('pipeline-run list --top 1')).stdout).toMatch(
    /^weekly42 +outbound +\S+ +Succeeded$/m,
  );

  await longshore('pipeline-run create -p outbound -n weekly43 -t export -b shop.tar -a apps/shop:1.0');
  await world.carryOut('weekly43');
  expect((await longshore('pipeline-run clean --dry-run')).stdout).toBe(
    '1 failed run would be deleted\n  - weekly43\n',
  );
  expect((await longshore('pipeline-run clean')).exitCode).toBe(0);
  expect((await longshore('pipeline-run clean')).exitCode).toBe(3);
  expect((await longshore('pipeline-run show -n weekly43')).exitCode).toBe(2);

  const healthy = await longshore('doctor pipeline outbound');
  expect(healthy.exitCode).toBe(0);
  expect(healthy.stdout).toMatch(/ok +SAS token +is in the environment variable TRANSFER_SAS; expires on/);
  environment.TRANSFER_SAS = world.sasToken('l');
  const ill = await longshore('doctor pipeline outbound --json');
  expect(ill.exitCode).toBe(1);
  expect(ill.stdout).toContain('lacks Read (r), Write (w)');
  expect(ill.stdout).not.toContain('sig=');

  expect((await longshore('pipeline-run delete -n weekly42')).exitCode).toBe(0);
  expect((await longshore('export-pipeline delete -n outbound')).exitCode).toBe(0);
  expect((await longshore('export-pipeline delete -n outbound')).exitCode).toBe(3);
});
