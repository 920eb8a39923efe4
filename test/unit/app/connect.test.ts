import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadApp, loadConfiguration } from '../../../shared/app/index.ts';
import { ConfigError, type ConfigProblem } from '../../../shared/errors.ts';
import { temporaryFolder } from '../../helpers/test-registry.ts';

const YAML = 'watches:\n  - { source: docker.io/library/node, target: acme.azurecr.io/node, tags: "22" }\n';
const URL = 'https://acme.blob.core.windows.net/config/longshore.yaml';

async function problemsOf(loading: Promise<unknown>): Promise<readonly ConfigProblem[]> {
  const error = await loading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ConfigError) return error.problems;
  throw new Error(`Expected a ConfigError, got ${String(error)}`);
}

describe('the configuration', () => {
  it('is read from the file the setting names, or from the one that is given instead', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'longshore.yaml');
    await writeFile(file, YAML);
    const bySetting = await loadConfiguration({ environment: { LONGSHORE_CONFIG: file } });
    expect(bySetting).toMatchObject({ from: file, config: { watches: [{ tags: { include: ['22'] } }] } });
    const given = await loadConfiguration({ configFile: file, environment: { LONGSHORE_CONFIG: URL } });
    expect(given).toEqual(bySetting);
  });

  it('that is not there is a problem with its path', async () => {
    const file = join(await temporaryFolder(), 'absent.yaml');
    expect(await problemsOf(loadConfiguration({ configFile: file, environment: {} }))).toEqual([
      { where: file, message: expect.stringMatching(/^there is no such file; create it/) },
    ]);
  });

  it('with mistakes is a problem for each, with line and column', async () => {
    const file = join(await temporaryFolder(), 'longshore.yaml');
    await writeFile(file, `${YAML}wotches: []\nalso: 1\n`);
    const problems = await problemsOf(loadConfiguration({ configFile: file, environment: {} }));
    expect(problems.map(({ where }) => where)).toEqual([`${file}:3:1`, `${file}:4:1`]);
  });

  it('is read from the blob the setting names', async () => {
    const asked: string[] = [];
    const read = async (url: string) => {
      asked.push(url);
      return YAML;
    };
    const { config, from } = await loadConfiguration({ environment: { LONGSHORE_CONFIG: URL } }, read);
    expect({ from, watches: config.watches.length, asked }).toEqual({ from: URL, watches: 1, asked: [URL] });
  });

  it('in a blob that cannot be read is a problem with its URL and the reason', async () => {
    const environment = { LONGSHORE_CONFIG: URL };
    const denied = () => Promise.reject(new Error('this identity lacks Storage Blob Data Reader'));
    expect(await problemsOf(loadConfiguration({ environment }, denied))).toEqual([
      { where: URL, message: 'cannot be read: this identity lacks Storage Blob Data Reader' },
    ]);
  });

  it('in a blob with mistakes is a problem at the place in the blob', async () => {
    const environment = { LONGSHORE_CONFIG: URL };
    const problems = await problemsOf(loadConfiguration({ environment }, async () => `${YAML}wotches: []\n`));
    expect(problems.map(({ where }) => where)).toEqual([`${URL}:3:1`]);
  });

  it.each([
    `${URL}?sv=2024&sig=hunter2`,
    'http://acme.blob.core.windows.net/config/longshore.yaml',
    'https://user:hunter2@acme.blob.core.windows.net/config/longshore.yaml',
  ])('is not looked for at %s, and nothing of the address is quoted', async (url) => {
    const reading = loadConfiguration({ environment: { LONGSHORE_CONFIG: url } }, () => {
      throw new Error('was read');
    });
    const problems = await problemsOf(reading);
    expect(problems).toEqual([
      { where: 'LONGSHORE_CONFIG', message: expect.stringContaining('without user, query or SAS') },
    ]);
  });
});

describe('the application', () => {
  it('is not built from settings that are missing; every one is named', async () => {
    const problems = await problemsOf(loadApp({ environment: {} }));
    expect(problems.map(({ where }) => where)).toEqual(['ServiceBus', 'AzureWebJobsStorage']);
  });

  it('is built without reaching anything, and closes when nothing was used', async () => {
    const file = join(await temporaryFolder(), 'longshore.yaml');
    await writeFile(file, YAML);
    const app = await loadApp({
      environment: {
        // Nothing listens there.
        ServiceBus:
          'Endpoint=sb://127.0.0.1:9;SharedAccessKeyName=n;SharedAccessKey=k;UseDevelopmentEmulator=true;',
        AzureWebJobsStorage: 'UseDevelopmentStorage=true',
        LONGSHORE_CONFIG: file,
      },
    });
    await expect(app.close()).resolves.toBeUndefined();
  });
});
