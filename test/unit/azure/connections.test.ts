import { describe, expect, it } from 'vitest';
import { createAzureClients } from '../../../shared/azure/index.ts';

const KEY = 'c2VjcmV0IGtleQ==';
const account = `DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=${KEY};`;
const sas = 'SharedAccessSignature=sv=2026&sig=SECRET';

describe('createAzureClients', () => {
  const azure = createAzureClients();

  it('reaches storage by connection string', async () => {
    const value = `${account}EndpointSuffix=core.windows.net`;
    const table = await azure.table({ kind: 'connectionString', value }, 'watches');
    expect([table.url, table.tableName]).toEqual(['https://acme.table.core.windows.net', 'watches']);
    const blobs = await azure.blobService({ kind: 'connectionString', value });
    expect(blobs.url).toBe('https://acme.blob.core.windows.net/');
  });

  it('reaches every service by identity', async () => {
    const endpoint = 'https://acme.table.core.windows.net';
    expect((await azure.table({ kind: 'identity', endpoint }, 'watches')).url).toBe(endpoint);
    const blobs = await azure.blobService({
      kind: 'identity',
      endpoint: 'https://acme.blob.core.windows.net',
    });
    expect(blobs.accountName).toBe('acme');
    const namespace = 'acme.servicebus.windows.net';
    const bus = azure.serviceBus({ kind: 'identity', endpoint: namespace });
    expect((await bus.client()).fullyQualifiedNamespace).toBe(namespace);
    expect(await bus.client()).toBe(await bus.client());
    await bus.close();
    expect(await azure.credential()).toBe(await azure.credential());
  });

  it('closes a Service Bus connection that was never used', async () => {
    const bus = azure.serviceBus({ kind: 'connectionString', value: 'nonsense' });
    await expect(bus.close()).resolves.toBeUndefined();
    await expect(bus.client()).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    await expect(bus.close()).resolves.toBeUndefined();
  });

  it.each([
    ['http://127.0.0.1:10002/devstoreaccount1'],
    ['http://localhost:10002/devstoreaccount1'],
    ['http://[::1]:10002/devstoreaccount1'],
    ['https://tables.example'],
  ])('takes %s', async (endpoint) => {
    const value = `${account}TableEndpoint=${endpoint}`;
    await expect(azure.table({ kind: 'connectionString', value }, 'watches')).resolves.toMatchObject({
      tableName: 'watches',
      url: endpoint,
    });
  });

  it.each([
    ['http://tables.example/acme'],
    ['http://127.0.0.1.example.com/acme'],
    ['http://127.0.0.1@tables.example/acme'],
    ['http://10.0.0.1/acme'],
  ])('refuses %s, which would be read on the way', async (endpoint) => {
    const refusal = expect.objectContaining({ code: 'E_ARGUMENT' });
    const plain = {
      kind: 'connectionString',
      value: `${account}TableEndpoint=${endpoint};BlobEndpoint=${endpoint}`,
    } as const;
    await expect(azure.table(plain, 'watches')).rejects.toEqual(refusal);
    await expect(azure.blobService(plain)).rejects.toEqual(refusal);
    await expect(azure.blob(`${endpoint}/files/blob?sig=SECRET`)).rejects.toEqual(refusal);
    await expect(azure.table({ kind: 'identity', endpoint }, 'watches')).rejects.toEqual(refusal);
  });

  it.each([
    ['a key in no known form', `AccountKey=${KEY};nonsense`],
    ['a SAS without an endpoint', sas],
    [
      'a SAS over plain http',
      `TableEndpoint=http://tables.example;BlobEndpoint=http://tables.example;${sas}`,
    ],
    ['a SAS for no URL', `TableEndpoint=tables;BlobEndpoint=blobs;${sas}`],
    ['a key for no URL', `${account}TableEndpoint=tables;BlobEndpoint=blobs`],
  ])('never repeats a secret: %s', async (_, value) => {
    const connection = { kind: 'connectionString', value } as const;
    const opening = [
      azure.table(connection, 'watches'),
      azure.blobService(connection),
      azure.serviceBus(connection).client(),
    ];
    for (const result of await Promise.allSettled(opening)) {
      expect(result.status).toBe('rejected');
      if (result.status === 'fulfilled') continue;
      expect(result.reason).toMatchObject({ code: 'E_ARGUMENT' });
      expect(JSON.stringify([result.reason, String(result.reason), result.reason.cause])).not.toMatch(
        /SECRET|c2Vj/,
      );
    }
  });
});
