import { describe, expect, it } from 'vitest';
import { readConfigLocation, readSettings } from '../../../shared/config/index.ts';
import { ConfigError } from '../../../shared/errors.ts';

const BUS = 'Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey=hunter2';
const STORAGE = 'DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=hunter2';
const ENOUGH = { ServiceBus: BUS, AzureWebJobsStorage: STORAGE };

function problemsOf(env: Record<string, string>): Record<string, string> {
  try {
    readSettings(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message).not.toContain('hunter2');
    return Object.fromEntries(error.problems.map(({ where, message }) => [where, message]));
  }
  return {};
}

describe('settings', () => {
  it('need two connections and have defaults for the rest', () => {
    expect(readSettings(ENOUGH)).toEqual({
      config: { kind: 'file', path: './longshore.yaml' },
      serviceBus: { kind: 'connectionString', value: BUS },
      storage: { kind: 'connectionString', value: STORAGE },
      importsQueue: 'imports',
      pollsQueue: 'polls',
      transfersQueue: 'transfers',
      transferContainer: 'transfer',
    });
  });

  it('take identity-based connections by the names of the Functions host', () => {
    expect(
      readSettings({
        ServiceBus__fullyQualifiedNamespace: 'acme.servicebus.windows.net',
        AzureWebJobsStorage__blobServiceUri: 'https://acme.blob.core.windows.net',
        AzureWebJobsStorage__tableServiceUri: 'https://acme.table.core.windows.net/',
        LONGSHORE_CONFIG: 'https://acme.blob.core.windows.net/config/longshore.yaml',
        IMPORTS_QUEUE: 'mirror/imports',
      }),
    ).toEqual({
      config: { kind: 'blob', url: 'https://acme.blob.core.windows.net/config/longshore.yaml' },
      serviceBus: { kind: 'identity', endpoint: 'acme.servicebus.windows.net' },
      storage: {
        kind: 'identity',
        blobEndpoint: 'https://acme.blob.core.windows.net/',
        tableEndpoint: 'https://acme.table.core.windows.net/',
      },
      importsQueue: 'mirror/imports',
      pollsQueue: 'polls',
      transfersQueue: 'transfers',
      transferContainer: 'transfer',
    });
  });

  it.each(['UseDevelopmentStorage=true', 'BlobEndpoint=http://127.0.0.1:1/a;AccountName=a;AccountKey=b'])(
    'take the storage connection string %s',
    (value) => {
      expect(readSettings({ ...ENOUGH, AzureWebJobsStorage: value }).storage).toEqual({
        kind: 'connectionString',
        value,
      });
    },
  );

  it('tell where the configuration is also to those who have no connections', () => {
    expect(readConfigLocation({})).toEqual({ kind: 'file', path: './longshore.yaml' });
    expect(() => readConfigLocation({ LONGSHORE_CONFIG: 'ftp://a/b' })).toThrow(ConfigError);
  });

  it.each(['config/longshore.yaml', '/etc/longshore.yaml', 'C:\\longshore.yaml'])(
    'take the path %s',
    (path) => {
      expect(readSettings({ ...ENOUGH, LONGSHORE_CONFIG: path }).config).toEqual({ kind: 'file', path });
    },
  );

  it('are checked all at once, and an empty one counts as absent', () => {
    const problems = problemsOf({
      ServiceBus: '',
      AzureWebJobsStorage__blobServiceUri: 'https://acme.blob.core.windows.net/?sv=1&sig=hunter2',
      LONGSHORE_CONFIG: 'http://user:hunter2@example.com/longshore.yaml',
      IMPORTS_QUEUE: '-no-',
    });
    expect(problems).toEqual({
      ServiceBus: expect.stringContaining('is missing; in the environment or in local.settings.json'),
      AzureWebJobsStorage__blobServiceUri: 'expected an https URL without user, query or SAS',
      AzureWebJobsStorage__tableServiceUri: expect.stringContaining('is missing'),
      LONGSHORE_CONFIG: expect.stringContaining('expected a path, or the https URL of a blob'),
      IMPORTS_QUEUE: expect.stringContaining('expected a queue name'),
    });
  });

  it.each([
    [{ ServiceBus: 'hunter2' }, 'ServiceBus', 'Endpoint=sb://'],
    [{ ServiceBus__fullyQualifiedNamespace: 'b.windows.net' }, 'ServiceBus', 'not both'],
    [
      { ServiceBus: '', ServiceBus__fullyQualifiedNamespace: 'sb://b' },
      'ServiceBus__fullyQualifiedNamespace',
      'host name',
    ],
    [{ AzureWebJobsStorage: 'hunter2' }, 'AzureWebJobsStorage', 'AccountName='],
    [{ AzureWebJobsStorage: '' }, 'AzureWebJobsStorage', 'is missing'],
    [{ AzureWebJobsStorage__tableServiceUri: 'https://t' }, 'AzureWebJobsStorage', 'not both'],
  ])('%j is refused', (env, setting, message) => {
    const problems = problemsOf({ ...ENOUGH, ...env });
    expect(Object.keys(problems)).toEqual([setting]);
    expect(problems[setting]).toContain(message);
  });
});
