import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Records } from '../../records.ts';
import { CATEGORY, type StoredBlob } from '../storage/index.ts';
import { type CreateRunPorts, createRun } from './create-run.ts';
import { type ArrivalConditions, type ImportPipeline, pipelineId } from './pipeline.ts';
import type { PipelineRun } from './pipeline-run.ts';

/** The last seen ETag of a blob, and the run that it started. */
export const arrivalSchema = z.object({ etag: z.string(), run: z.string().optional() });
export type Arrival = Readonly<z.infer<typeof arrivalSchema>>;

export type ArrivalOutcome =
  | { readonly kind: 'created'; readonly run: PipelineRun }
  | { readonly kind: 'known'; readonly run: string | undefined }
  /** The blob does not start an import; one may be ordered by hand. */
  | { readonly kind: 'ignored'; readonly reason: string };

export interface ArrivalPorts extends CreateRunPorts {
  readonly arrivals: Pick<Records<Arrival>, 'get' | 'list' | 'update'>;
}

const DAY_MS = 24 * 60 * 60_000;

/**
 * Creates the run for a blob that arrived in a pipeline's container. Its name is derived from pipeline, blob
 * and ETag, so that repeated events, and a poll that finds the same blob, lead to one run.
 */
export async function handleArrival(
  blob: StoredBlob,
  pipeline: ImportPipeline,
  ports: ArrivalPorts,
): Promise<ArrivalOutcome> {
  const key = { partition: pipeline.name.toLowerCase(), row: blob.name };
  const known = await ports.arrivals.get(key);
  if (known?.etag === blob.etag) return { kind: 'known', run: known.run };
  const reason = whyIgnored(blob, pipeline.longshore.conditions ?? {}, ports.now());
  if (reason !== undefined) {
    await ports.arrivals.update(key, () => ({ etag: blob.etag }));
    return { kind: 'ignored', reason };
  }
  const name = runNameFor(pipeline, blob);
  const pipelineResourceId = pipelineId('import', pipeline.registry, pipeline.name);
  const request = { pipelineResourceId, source: { type: 'AzureStorageBlob' as const, name: blob.name } };
  const arrival = { etag: blob.etag, at: ports.now() };
  const run = await createRun({ name, request, arrival }, ports);
  await ports.arrivals.update(key, () => ({ etag: blob.etag, run: name }));
  return { kind: 'created', run };
}

/** Why a blob does not trigger an import, if so. */
function whyIgnored(
  { modifiedAt, contentMd5, metadata }: StoredBlob,
  { maxAgeDays, contentMd5: needsMd5, category }: ArrivalConditions,
  now: Date,
): string | undefined {
  if (maxAgeDays !== undefined && now.getTime() - modifiedAt.getTime() > maxAgeDays * DAY_MS) {
    return `it was last modified on ${modifiedAt.toISOString()}, more than ${maxAgeDays} days ago; writing its metadata anew makes it young`;
  }
  if (needsMd5 && !/^[A-Za-z0-9+/]{22}==$/.test(contentMd5 ?? '')) return 'it has no valid Content-MD5';
  if (category && metadata[CATEGORY.key] !== CATEGORY.value) {
    return `its metadata lacks ${CATEGORY.key} = ${CATEGORY.value}`;
  }
  return undefined;
}

/** The name of the run that a blob's arrival leads to. */
export function runNameFor({ name }: ImportPipeline, blob: Pick<StoredBlob, 'name' | 'etag'>): string {
  const identity = JSON.stringify([name.toLowerCase(), blob.name, blob.etag]);
  return `arrival${createHash('sha256').update(identity).digest('hex').slice(0, 32)}`;
}
