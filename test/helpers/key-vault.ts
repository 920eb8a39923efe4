import type { SecretClientOptions } from '@azure/keyvault-secrets';
import { type Scripted, type ScriptedServer, scriptedServer } from './scripted-server.ts';

export interface FakeVault {
  readonly server: ScriptedServer;
  /** Leads the SDK's requests for any vault here, over http. */
  readonly client: SecretClientOptions;
}

/**
 * Key Vault's data plane as far as reading secrets goes: the challenge that names tenant and resource, then the answer
 * given. The SDK speaks to it as to `*.vault.azure.net`: only its transport is led elsewhere.
 */
export async function startKeyVault(answer: (path: string) => Scripted): Promise<FakeVault> {
  const server = await scriptedServer(({ path, headers }) => {
    if (headers.authorization) return answer(path);
    const challenge =
      'Bearer authorization="https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47", resource="https://vault.azure.net"';
    return { status: 401, headers: { 'www-authenticate': challenge } };
  });
  const client: SecretClientOptions = {
    retryOptions: { maxRetries: 1, retryDelayInMs: 1 },
    additionalPolicies: [
      {
        position: 'perRetry',
        policy: {
          name: 'leadToFakeVault',
          async sendRequest(request, next) {
            const { url } = request;
            request.url = url.replace(/^https:\/\/[^/]+/, server.url);
            request.allowInsecureConnection = true;
            try {
              return await next(request);
            } finally {
              request.url = url;
            }
          },
        },
      },
    ],
  };
  return { server, client };
}
