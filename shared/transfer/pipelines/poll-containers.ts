import { codeOf, describeError } from '../../errors.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { StorageAccess } from '../storage/index.ts';
import { type ArrivalPorts, handleArrival } from './arrivals.ts';
import { connectStorage } from './connect-storage.ts';
import type { ImportPipeline } from './pipeline.ts';

export interface ContainerPollPorts extends ArrivalPorts {
  readonly storage: StorageAccess;
  readonly logger: Logger;
}

/**
 * Lists the containers of pipelines whose storage sends no events, and creates runs for blobs whose ETag is
 * new. A container that cannot be read is logged; the others are still polled.
 */
export async function pollContainers(
  pipelines: readonly ImportPipeline[],
  ports: ContainerPollPorts,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  for (const pipeline of pipelines) {
    if (pipeline.trigger.sourceTrigger.status !== 'Enabled') continue;
    try {
      await pollContainer(pipeline, ports, signal);
    } catch (error) {
      signal?.throwIfAborted();
      ports.logger.error('container cannot be polled', {
        pipeline: pipeline.name,
        container: pipeline.source.uri,
        code: codeOf(error),
        error: describeError(error),
      });
    }
  }
}

async function pollContainer(
  pipeline: ImportPipeline,
  ports: ContainerPollPorts,
  signal: AbortSignal | undefined,
): Promise<void> {
  const known = new Map<string, string>();
  for await (const { key, value } of ports.arrivals.list(pipeline.name.toLowerCase()))
    known.set(key.row, value.etag);
  const container = await connectStorage(pipeline, ports.storage, { signal });
  for await (const blob of container.list({ signal })) {
    if (known.get(blob.name) === blob.etag) continue;
    const outcome = await handleArrival(blob, pipeline, ports);
    const fields = { pipeline: pipeline.name, blob: blob.name };
    if (outcome.kind === 'created')
      ports.logger.info('archive arrived', { ...fields, run: outcome.run.name });
    else if (outcome.kind === 'ignored')
      ports.logger.warn('archive ignored', { ...fields, reason: outcome.reason });
  }
}
