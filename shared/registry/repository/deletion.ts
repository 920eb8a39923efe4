import { type RepositoryContext, scopeFor } from '../endpoint/index.ts';
import type { CallOptions } from '../http/index.ts';
import type { Operation } from '../protocol/index.ts';

/**
 * Deletes what is at a path of the registry. Distribution-spec, "Content Management": 202; some answer 200 or 204.
 * @param what the deletion, for messages: `delete the tag …`
 */
export async function deleteAt(
  context: RepositoryContext,
  url: string,
  operation: Operation,
  { signal }: CallOptions,
): Promise<void> {
  const response = await context.endpoint.request({
    operation,
    method: 'DELETE',
    url,
    scopes: [scopeFor(context, 'delete')],
    expect: [200, 202, 204],
    signal,
  });
  await response.body.discard();
}
