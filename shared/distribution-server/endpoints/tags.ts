import { type Call, knownRepository } from '../call.ts';
import { type EndpointResponse, jsonResponse } from '../message.ts';
import { listPage } from '../pagination.ts';
import type { PullStorage } from '../ports.ts';

/** Distribution-spec, "Listing Tags". */
export async function listTags(call: Call, pull: PullStorage, name: string): Promise<EndpointResponse> {
  const repository = await knownRepository(call, pull, name);
  const { items, headers } = await listPage(call.query, `/v2/${name}/tags/list`, (page) =>
    repository.tags(page, call),
  );
  return jsonResponse(200, { name, tags: items }, headers);
}
