import type { TableClient } from '@azure/data-tables';
import type { TokenCredential } from '@azure/identity';
import type { ServiceBusClient } from '@azure/service-bus';
import type { BlobClient, BlobServiceClient, ContainerClient } from '@azure/storage-blob';
import { isThisMachine } from '../content/index.ts';
import { InvalidInputError } from '../errors.ts';
import { lazy, OncePerKey } from '../memo.ts';

/**
 * How to reach one service: a connection string, or an endpoint with the identity the program runs as.
 * An endpoint is a host for Service Bus (`acme.servicebus.windows.net`) and a URL for storage
 * (`https://acme.table.core.windows.net`).
 */
export type AzureConnection =
  | { readonly kind: 'connectionString'; readonly value: string }
  | { readonly kind: 'identity'; readonly endpoint: string };

export interface ServiceBusConnection {
  /** The client, made at the first call; it connects when first used. */
  client(): Promise<ServiceBusClient>;
  /** Closes the client and everything made from it, if it was ever made. */
  close(): Promise<void>;
}

/**
 * Where clients of the Azure SDKs are made: each service in one place, whichever way it is reached.
 * All throw `InvalidInputError` `E_ARGUMENT` for an address or connection string that cannot be used, without
 * quoting it, and for plain http to anything but this machine.
 */
export interface AzureClients {
  serviceBus(connection: AzureConnection): ServiceBusConnection;
  table(connection: AzureConnection, tableName: string): Promise<TableClient>;
  blobService(connection: AzureConnection): Promise<BlobServiceClient>;
  /** A blob by its URL: with the rights of a SAS in it, else with the program's identity. */
  blob(url: string): Promise<BlobClient>;
  /** A container by its URL: with the rights of a SAS in it, else with the program's identity, or the one named. */
  blobContainer(url: string, clientId?: string): Promise<ContainerClient>;
  /**
   * The program's identity: managed, a workload's, or the developer's, in the order of `DefaultAzureCredential`.
   * `clientId` says which of several user-assigned ones.
   */
  credential(clientId?: string): Promise<TokenCredential>;
}

const TABLE_OPTIONS = {
  retryOptions: { maxRetries: 4, retryDelayInMs: 400, maxRetryDelayInMs: 8_000 },
  // What it may be used for is narrowed by `safeClient`.
  allowInsecureConnection: true,
};
const BLOB_OPTIONS = { retryOptions: { maxTries: 5, retryDelayInMs: 400, maxRetryDelayInMs: 8_000 } };
const SERVICE_BUS_RETRIES = { maxRetries: 3, retryDelayInMs: 500, maxRetryDelayInMs: 8_000 };

/** SDKs are loaded when first needed: each adds about 250 ms to a cold start, and few functions need them all. */
export function createAzureClients(): AzureClients {
  const identities = new OncePerKey<string | undefined, TokenCredential>({ keepFailures: false });
  const credential = (clientId?: string): Promise<TokenCredential> => {
    return identities.run(clientId, () => createIdentity(clientId));
  };

  async function connectServiceBus(connection: AzureConnection): Promise<ServiceBusClient> {
    const { RetryMode, ServiceBusClient } = await import('@azure/service-bus');
    const options = { retryOptions: { ...SERVICE_BUS_RETRIES, mode: RetryMode.Exponential } };
    if (connection.kind === 'identity') {
      return new ServiceBusClient(connection.endpoint, await credential(), options);
    }
    return usable('Service Bus', () => new ServiceBusClient(connection.value, options));
  }

  return {
    credential,

    serviceBus(connection) {
      const client = lazy(() => connectServiceBus(connection));
      return { client, close: async () => (await client.peek()?.catch(() => undefined))?.close() };
    },

    async table(connection, tableName) {
      const { TableClient } = await import('@azure/data-tables');
      if (connection.kind === 'identity') {
        const identity = await credential();
        return withoutTracing(
          safeClient('table storage', () => {
            return new TableClient(connection.endpoint, tableName, identity, TABLE_OPTIONS);
          }),
        );
      }
      return withoutTracing(
        safeClient('table storage', () =>
          TableClient.fromConnectionString(connection.value, tableName, TABLE_OPTIONS),
        ),
      );
    },

    async blobService(connection) {
      const { BlobServiceClient } = await import('@azure/storage-blob');
      if (connection.kind === 'identity') {
        const identity = await credential();
        return safeClient('blob storage', () => {
          return new BlobServiceClient(connection.endpoint, identity, BLOB_OPTIONS);
        });
      }
      return safeClient('blob storage', () =>
        BlobServiceClient.fromConnectionString(connection.value, BLOB_OPTIONS),
      );
    },

    async blob(url) {
      const { BlobClient } = await import('@azure/storage-blob');
      const identity = hasSignature(url) ? undefined : await credential();
      return safeClient('blob storage', () => new BlobClient(url, identity, BLOB_OPTIONS));
    },

    async blobContainer(url, clientId) {
      const { ContainerClient } = await import('@azure/storage-blob');
      const identity = hasSignature(url) ? undefined : await credential(clientId);
      return safeClient('blob storage', () => new ContainerClient(url, identity, BLOB_OPTIONS));
    },
  };
}

async function createIdentity(clientId: string | undefined): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await import('@azure/identity');
  if (clientId === undefined) return new DefaultAzureCredential();
  return new DefaultAzureCredential({
    managedIdentityClientId: clientId,
    workloadIdentityClientId: clientId,
  });
}

function hasSignature(url: string): boolean {
  return URL.parse(url)?.searchParams.has('sig') ?? false;
}

/** Nothing collects the spans, which cost a tenth of a request's processor time. */
function withoutTracing(client: TableClient): TableClient {
  client.pipeline.removePolicy({ name: 'tracingPolicy' });
  return client;
}

/** A storage client whose requests cannot be read on the way: https, or http that stays on this machine. */
function safeClient<T extends { readonly url: string }>(service: string, make: () => T): T {
  const client = usable(service, make);
  const url = URL.parse(client.url);
  if (url?.protocol === 'https:') return client;
  if (url?.protocol === 'http:' && isThisMachine(url.hostname)) return client;
  throw new InvalidInputError(
    'E_ARGUMENT',
    `The address of ${service} ${url ? `at ${url.host} uses ${url.protocol}//` : 'is not a URL'}. Expected https://, or http:// on this machine.`,
  );
}

/** The SDKs' own errors are not passed on here: some of them hold the text they could not read, which is a secret. */
function usable<T>(service: string, make: () => T): T {
  try {
    return make();
  } catch {
    throw new InvalidInputError(
      'E_ARGUMENT',
      `The connection string or address of ${service} cannot be used. Copy it again from the Azure portal ("Access keys" or "Shared access policies").`,
    );
  }
}
