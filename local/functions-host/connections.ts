import type { TokenCredential } from '@azure/identity';
import { FunctionsHostError } from './errors.ts';
import type { Settings } from './settings.ts';

/** How to reach a service: with a connection string, or at an address with the identity this process has. */
export type Connection =
  | { readonly kind: 'connectionString'; readonly connectionString: string }
  | { readonly kind: 'identity'; readonly address: string; readonly clientId: string | undefined };

interface ConnectedService {
  /** The connection meant when a trigger names none. */
  readonly defaultName: string;
  /** Settings that hold the service's address, after `NAME__`. */
  readonly addressKeys: readonly string[];
  readonly addressOfAccount?: (accountName: string) => string;
}

const services = {
  blob: {
    defaultName: 'Storage',
    addressKeys: ['blobServiceUri', 'serviceUri'],
    addressOfAccount: (account) => `https://${account}.blob.core.windows.net`,
  },
  queue: {
    defaultName: 'Storage',
    addressKeys: ['queueServiceUri'],
    addressOfAccount: (account) => `https://${account}.queue.core.windows.net`,
  },
  serviceBus: { defaultName: 'ServiceBus', addressKeys: ['fullyQualifiedNamespace'] },
} satisfies Record<string, ConnectedService>;

/**
 * Finds a connection by the convention of Azure Functions: the setting `AzureWebJobsNAME` or `NAME` holds a connection
 * string, or settings `NAME__…` hold an address to be used with an identity. Throws `E_SETTING` when neither is there,
 * saying which settings were looked for.
 */
export function resolveConnection(
  name: string | undefined,
  service: keyof typeof services,
  settings: Settings,
): Connection {
  const { defaultName, addressKeys, addressOfAccount }: ConnectedService = services[service];
  const given = name || defaultName;
  const prefixes = given.startsWith('AzureWebJobs') ? [given] : [`AzureWebJobs${given}`, given];
  for (const prefix of prefixes) {
    const connectionString = settings[prefix];
    if (connectionString) return { kind: 'connectionString', connectionString };
    const account = settings[`${prefix}__accountName`];
    const address =
      addressKeys.map((key) => settings[`${prefix}__${key}`]).find(Boolean) ??
      (account && addressOfAccount?.(account));
    if (address) return { kind: 'identity', address, clientId: settings[`${prefix}__clientId`] };
  }
  throw new FunctionsHostError(
    'E_SETTING',
    `The connection ${given} is not set: expected a connection string in ${prefixes.join(' or ')}, ` +
      `or an address in ${addressKeys.map((key) => `${given}__${key}`).join(' or ')}`,
  );
}

/** The identity of this process; loaded only when a connection wants it. */
export async function createCredential(clientId: string | undefined): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await import('@azure/identity');
  return new DefaultAzureCredential(clientId === undefined ? {} : { managedIdentityClientId: clientId });
}
