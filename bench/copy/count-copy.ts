import { setTimeout as delay } from 'node:timers/promises';
import { startDockerRegistry } from '../bench-registry.ts';
import type { CopyTask } from './candidates.ts';
import { countRequests, type RequestCounts, totalOf } from './request-counts.ts';

export interface CopyCounts {
  readonly source: RequestCounts;
  readonly target: RequestCounts;
  readonly all: number;
}

export interface CountedCopy {
  readonly sourceFolder: string;
  readonly targetFolder: string;
  readonly image: Pick<CopyTask, 'repository' | 'tag'>;
  readonly copy: (task: CopyTask) => Promise<unknown>;
  readonly verify: (targetHost: string) => Promise<void>;
}

/** A line is written when its request is done with, which can be just after the client has its answer. */
const LOG_SETTLE_MS = 300;

/**
 * Makes a copy between registries that log, over the same folders as those that are measured. A run of its own,
 * because logging costs a registry time.
 */
export async function countCopy({
  sourceFolder,
  targetFolder,
  image,
  copy,
  verify,
}: CountedCopy): Promise<CopyCounts> {
  const sourceLog: string[] = [];
  const targetLog: string[] = [];
  await using source = await startDockerRegistry(sourceFolder, { onAccess: (line) => sourceLog.push(line) });
  await using target = await startDockerRegistry(targetFolder, { onAccess: (line) => targetLog.push(line) });
  await target.wipe();
  await copy({ sourceHost: source.host, targetHost: target.host, ...image });
  await delay(LOG_SETTLE_MS);
  const counts = { source: countRequests(sourceLog), target: countRequests(targetLog) };
  await verify(target.host);
  return { ...counts, all: totalOf(counts.source) + totalOf(counts.target) };
}
