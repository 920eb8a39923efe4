import { describe, expect, test } from 'vitest';
import { resolveConnection } from '../../../../local/functions-host/connections.ts';

describe('resolveConnection', () => {
  test('finds a connection string under the name, or the name with the prefix of the host', () => {
    expect(resolveConnection('Data', 'blob', { Data: 'x' })).toEqual({
      kind: 'connectionString',
      connectionString: 'x',
    });
    expect(resolveConnection('Data', 'blob', { Data: 'x', AzureWebJobsData: 'y' })).toMatchObject({
      connectionString: 'y',
    });
  });

  test.each([
    ['blob', { Data__blobServiceUri: 'https://a.blob/' }, 'https://a.blob/'],
    ['blob', { Data__accountName: 'acme' }, 'https://acme.blob.core.windows.net'],
    ['queue', { Data__queueServiceUri: 'https://a.queue/' }, 'https://a.queue/'],
    ['queue', { Data__accountName: 'acme' }, 'https://acme.queue.core.windows.net'],
    ['serviceBus', { Data__fullyQualifiedNamespace: 'a.servicebus.windows.net' }, 'a.servicebus.windows.net'],
  ] as const)(
    'finds the address of a %s service to be used with an identity',
    (service, settings, address) => {
      expect(resolveConnection('Data', service, { ...settings, Data__clientId: 'id' })).toEqual({
        kind: 'identity',
        address,
        clientId: 'id',
      });
    },
  );

  test('takes the host storage and the default Service Bus connection when none is named', () => {
    expect(resolveConnection(undefined, 'blob', { AzureWebJobsStorage: 'x' })).toMatchObject({
      connectionString: 'x',
    });
    expect(resolveConnection('', 'serviceBus', { AzureWebJobsServiceBus: 'y' })).toMatchObject({
      connectionString: 'y',
    });
  });

  test('says which settings it looked for', () => {
    expect(() => resolveConnection('Data', 'blob', {})).toThrow(
      'The connection Data is not set: expected a connection string in AzureWebJobsData or Data, or an address in Data__blobServiceUri or Data__serviceUri',
    );
  });
});
