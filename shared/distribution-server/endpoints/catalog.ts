import type { Call } from '../call.ts';
import { type EndpointResponse, jsonResponse } from '../message.ts';
import { listPage } from '../pagination.ts';
import type { CatalogStorage } from '../ports.ts';

/** All repositories, as the distribution project lists them; not part of the distribution-spec. */
export async function listRepositories(call: Call, catalog: CatalogStorage): Promise<EndpointResponse> {
  const { items, headers } = await listPage(call.query, '/v2/_catalog', (page) =>
    catalog.repositories(page, call),
  );
  return jsonResponse(200, { repositories: items }, headers);
}
