import { RegistryEndpoint } from '../../../../shared/registry/endpoint/registry-endpoint.ts';
import { apiHostOf, familyOf, listDigests } from '../../../../shared/registry/families/index.ts';
import {
  DEFAULT_LIMITS,
  type HttpRequest,
  type HttpResponse,
} from '../../../../shared/registry/http/index.ts';
import type {
  DigestPage,
  PageOptions,
  RegistryClientOptions,
  RegistryFamily,
  TagDigest,
} from '../../../../shared/registry/index.ts';
import { endpointOf } from '../../../../shared/registry/protocol/index.ts';
import { FakeTiming, JANE, testClient } from '../client-under-test.ts';

/** What a server lists that is configured as a registry of this family. */
export function listed(
  server: { readonly host: string },
  family: RegistryFamily,
  options: RegistryClientOptions & PageOptions = {},
  repository = 'acme/app',
): AsyncIterable<TagDigest> {
  return tagsOf(listedPages(server, family, options, repository));
}

/** The same page by page. */
export function listedPages(
  server: { readonly host: string },
  family: RegistryFamily,
  { onPage, signal, ...options }: RegistryClientOptions & PageOptions = {},
  repository = 'acme/app',
): AsyncIterable<DigestPage> {
  const client = testClient({
    registrySettings: () => ({ family }),
    limits: { attempts: 1 },
    ...(family === 'github' && { credentials: JANE }),
    ...options,
  });
  const pages = client.repository({ registry: server.host, repository }).listDigests({ onPage, signal });
  if (!pages) throw new Error(`${family} has no listing`);
  return pages;
}

async function* tagsOf(pages: AsyncIterable<DigestPage>): AsyncGenerator<TagDigest> {
  for await (const { tags } of pages) yield* tags;
}

/** What a registry lists whose requests are answered by a function: for hosts and amounts that no test can reach. */
export function listedBy(
  registry: string,
  answer: (request: HttpRequest) => object,
): AsyncIterable<TagDigest> {
  const family = familyOf(registry);
  const endpoint = new RegistryEndpoint(registry, {
    origin: endpointOf(apiHostOf(registry)),
    send: async (request) => jsonResponse(request, answer(request)),
    limits: DEFAULT_LIMITS,
    timing: new FakeTiming(),
    userAgent: 'test',
    credentials: JANE,
    settings: {},
  });
  const pages = listDigests({ name: { registry, repository: 'acme/app' }, endpoint }, family);
  if (!pages) throw new Error(`${registry} has no listing`);
  return tagsOf(pages);
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
