import { RegistryChannel } from '../../../../shared/registry/channel.ts';
import type {
  ListDigestsOptions,
  RegistryClientOptions,
  RegistryFamily,
  TagDigest,
} from '../../../../shared/registry/index.ts';
import { listDigests } from '../../../../shared/registry/listings/index.ts';
import {
  DEFAULT_LIMITS,
  type HttpRequest,
  type HttpResponse,
} from '../../../../shared/registry/transport/index.ts';
import { FakeTiming, JANE, testClient } from '../client-under-test.ts';

/** What a server lists that is configured as a registry of this family. */
export function listed(
  server: { readonly host: string },
  family: RegistryFamily,
  { wanted, signal, ...options }: RegistryClientOptions & ListDigestsOptions = {},
  repository = 'acme/app',
): AsyncIterable<TagDigest> {
  const client = testClient({
    registrySettings: () => ({ family }),
    limits: { attempts: 1 },
    ...(family === 'github' && { credentials: JANE }),
    ...options,
  });
  const tags = client.repository({ registry: server.host, repository }).listDigests({ wanted, signal });
  if (!tags) throw new Error(`${family} has no listing`);
  return tags;
}

/** What a registry lists whose requests are answered by a function: for hosts and amounts that no test can reach. */
export function listedBy(
  registry: string,
  answer: (request: HttpRequest) => object,
): AsyncIterable<TagDigest> {
  const channel = new RegistryChannel(registry, {
    send: async (request) => jsonResponse(request, answer(request)),
    limits: DEFAULT_LIMITS,
    timing: new FakeTiming(),
    userAgent: 'test',
    credentials: JANE,
    settings: {},
  });
  const tags = listDigests({ name: { registry, repository: 'acme/app' }, channel }, undefined);
  if (!tags) throw new Error(`${registry} has no listing`);
  return tags;
}

function jsonResponse({ url }: HttpRequest, body: object): HttpResponse {
  return {
    status: 200,
    url,
    header: () => undefined,
    headerLines: () => [],
    body: {
      async *[Symbol.asyncIterator]() {
        yield Buffer.from(JSON.stringify(body));
      },
      async discard() {},
      abort() {},
    },
  };
}
