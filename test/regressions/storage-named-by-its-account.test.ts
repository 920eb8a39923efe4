import { expect, it } from 'vitest';
import { readSettings } from '../../shared/config/index.ts';

const NAMED = {
  ServiceBus__fullyQualifiedNamespace: 'acme.servicebus.windows.net',
  AzureWebJobsStorage__accountName: 'acme',
};

it('a storage account that the host found by its name alone was missing for Longshore', () => {
  expect(readSettings(NAMED).storage).toEqual({
    kind: 'identity',
    blobEndpoint: 'https://acme.blob.core.windows.net/',
    tableEndpoint: 'https://acme.table.core.windows.net/',
  });
});

it('an address goes before the name', () => {
  const other = { ...NAMED, AzureWebJobsStorage__tableServiceUri: 'https://tables.example.com' };
  expect(readSettings(other).storage).toMatchObject({
    blobEndpoint: 'https://acme.blob.core.windows.net/',
    tableEndpoint: 'https://tables.example.com/',
  });
});

it.each([
  [{ AzureWebJobsStorage__accountName: 'evil.example.com/' }, 'name of a storage account'],
  [{ AzureWebJobsStorage: 'UseDevelopmentStorage=true' }, 'not both'],
])('%j is refused', (env, message) => {
  expect(() => readSettings({ ...NAMED, ...env })).toThrow(message);
});
