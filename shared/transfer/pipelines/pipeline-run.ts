import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { RecordKey } from '../../records.ts';
import { provisioningStateSchema } from './pipeline.ts';
import { resourceNameSchema } from './resource-name.ts';

/** `response.status`. ACR shows `Running` and calls it a free text. `Held`: a policy says not yet, and is asked again. */
const RUN_STATES = ['Queued', 'Running', 'Held', 'Succeeded', 'Failed'] as const;

/** An archive by its name in the pipeline's container. */
const blobSchema = z.object({
  type: z.literal('AzureStorageBlob').default('AzureStorageBlob'),
  name: z.string().min(1).max(1024),
});

/** What is asked for, with ACR's fields. */
export const runRequestSchema = z.object({
  pipelineResourceId: z.string().min(1).max(1024),
  /** Exports: `repo`, `repo:tag`, `repo:glob*`, `repo@sha256:…`. */
  artifacts: z.array(z.string().min(1).max(1024)).max(1000).optional(),
  /** Imports: the archive to read. */
  source: blobSchema.optional(),
  /** Exports: the archive to write. */
  target: blobSchema.optional(),
  /** Imports: the digest that the archive's catalog must have. */
  catalogDigest: z.string().max(256).optional(),
});
export type RunRequest = Readonly<z.infer<typeof runRequestSchema>>;

const artifactReportSchema = z.object({
  name: z.string(),
  digest: z.string(),
  /** Imports: whether anything had to be done. */
  state: z.enum(['succeeded', 'unchanged']).optional(),
  /** Imports, for people: what was copied. */
  detail: z.string().optional(),
});
const failedArtifactSchema = z.object({ name: z.string(), code: z.string(), message: z.string() });

/** What became of it so far, with ACR's fields. */
const runResponseSchema = z.object({
  status: z.enum(RUN_STATES),
  progress: z.object({ percentage: z.string() }).optional(),
  startTime: z.iso.datetime().optional(),
  finishTime: z.iso.datetime().optional(),
  importedArtifacts: z.array(z.string()).optional(),
  source: z.object({ type: z.string(), uri: z.string(), name: z.string() }).optional(),
  target: z.object({ type: z.string(), uri: z.string(), name: z.string() }).optional(),
  catalogDigest: z.string().optional(),
  trigger: z.object({ sourceTrigger: z.object({ timestamp: z.iso.datetime() }) }).optional(),
  pipelineRunErrorMessage: z.string().optional(),
});

/** What ACR does not have. */
const runExtensionsSchema = z.object({
  /** Changes with every time the run is to be done anew; a message for another one is out of date. */
  generation: z.string(),
  createdAt: z.iso.datetime(),
  /** How often a worker began. */
  attempts: z.number().int(),
  /** Failed tries in a row. */
  failures: z.number().int(),
  /** Tries in a row that were denied; each is a failure too. */
  denials: z.number().int().optional(),
  /** How often in a row a policy held it. */
  holds: z.number().int().optional(),
  /** When a held run is looked at again. */
  heldUntil: z.iso.datetime().optional(),
  /** The ETag of the blob whose arrival started the run. */
  etag: z.string().optional(),
  errorCode: z.string().optional(),
  /** Exports: pulls that it needs, as far as an earlier try found out. */
  pulls: z.number().int().optional(),
  /** For people: what is being waited for, or what was done. */
  detail: z.string().optional(),
  /** Imports: all of it is in the registry; what is left is to delete the blob. */
  isImported: z.boolean().optional(),
  /** Exports: what the archive holds. */
  exportedArtifacts: z.array(z.string()).optional(),
  /** The report: each artifact that was exported or imported, with what came of it. */
  artifacts: z.array(artifactReportSchema).optional(),
  failedArtifacts: z.array(failedArtifactSchema).optional(),
  /** Names of the blobs written or read, when the archive has several parts. */
  parts: z.array(z.string()).optional(),
  /** Of the archive, all parts together. */
  bytes: z.number().optional(),
});

/** A run and its report: one record. */
export const pipelineRunSchema = z.object({
  name: resourceNameSchema,
  request: runRequestSchema,
  forceUpdateTag: z.string().max(256).optional(),
  provisioningState: provisioningStateSchema,
  response: runResponseSchema,
  longshore: runExtensionsSchema,
});
export type PipelineRun = Readonly<z.infer<typeof pipelineRunSchema>>;

export function runKey(name: string): RecordKey {
  const row = name.toLowerCase();
  return { partition: createHash('sha256').update(row).digest('hex').slice(0, 2), row };
}

export interface NewRun {
  readonly name: string;
  readonly request: RunRequest;
  readonly forceUpdateTag?: string | undefined;
  /** Set when the arrival of a blob gave the order. */
  readonly arrival?: { readonly etag: string; readonly at: Date } | undefined;
}

/**
 * The run that an order leads to. The same order leaves a run alone that is under way or succeeded. One that failed is
 * done again when that is ordered by hand, and so is any with another `forceUpdateTag` or request.
 */
export function runAfter(
  current: PipelineRun | undefined,
  order: NewRun,
  containerUri: string,
  now: Date,
): PipelineRun {
  const { name, request, forceUpdateTag, arrival } = order;
  const stays = current && (current.response.status !== 'Failed' || arrival !== undefined);
  if (stays && isSameOrder(current, order)) return current;
  return {
    name,
    request,
    ...(forceUpdateTag !== undefined && { forceUpdateTag }),
    provisioningState: 'Creating',
    response: {
      status: 'Queued',
      ...(request.source && { source: { ...request.source, uri: containerUri } }),
      ...(request.target && { target: { ...request.target, uri: containerUri } }),
      ...(arrival && { trigger: { sourceTrigger: { timestamp: arrival.at.toISOString() } } }),
    },
    longshore: {
      generation: generationAfter(current, order),
      createdAt: now.toISOString(),
      attempts: 0,
      failures: 0,
      ...(arrival && { etag: arrival.etag }),
    },
  };
}

function isSameOrder(run: PipelineRun, { request, forceUpdateTag }: NewRun): boolean {
  return run.forceUpdateTag === forceUpdateTag && canonical(run.request) === canonical(request);
}

/** Depends on what is ordered and on what was there, so that a repeated order has the same. */
function generationAfter(current: PipelineRun | undefined, { request, forceUpdateTag = '' }: NewRun): string {
  const before = current?.longshore.generation ?? '';
  const identity = `${before}\n${forceUpdateTag}\n${canonical(request)}`;
  return createHash('sha256').update(identity).digest('hex').slice(0, 16);
}

function canonical(request: RunRequest): string {
  const { pipelineResourceId, artifacts, source, target, catalogDigest } = runRequestSchema.parse(request);
  return JSON.stringify([pipelineResourceId, artifacts, source, target, catalogDigest]);
}
