import { request } from 'undici';
import { digestOf, OCI_INDEX, OCI_MANIFEST } from '../../shared/content/index.ts';
import { describeError, LongshoreError } from '../../shared/errors.ts';
import type { FaultyOutcome, FaultyWorld } from './fault-proxy-runs.ts';
import type { Graph } from './memory-content.ts';

export interface Ending {
  readonly repository: string;
  readonly tag: string;
  /** What the copy failed with; `undefined` when it did not. */
  readonly error: unknown;
  /** The digest under the tag before the copy began. */
  readonly before: string | undefined;
}

/**
 * What is wrong with how a copy ended, read from the target past every proxy: `undefined` for the exact image under
 * the tag, and for an error with a name that left the tag as it was.
 */
export async function complaintAbout(
  { target, graph, attached }: FaultyWorld,
  { repository, tag, error, before }: Ending,
): Promise<string | undefined> {
  const tagged = await read(target.host, `${repository}/manifests/${tag}`);
  const now = tagged && digestOf(tagged);
  if (error !== undefined && !(error instanceof LongshoreError)) return `not a failure we know: ${error}`;
  if (error === undefined && now !== graph.root.digest) return `it succeeded, but the tag is ${now}`;
  // A move whose answers were all lost has happened all the same.
  if (now !== graph.root.digest) return now === before ? undefined : `the tag is ${now}, which is wrong`;
  if (!(await lists(target.host, repository, graph.root.digest, attached.root.digest))) {
    return 'the tag is right, but its signature is not listed';
  }
  return await missingFrom(target.host, repository, [graph, attached]);
}

/** By the API or, where there is none, the tag schema. */
async function lists(host: string, repository: string, subject: string, referrer: string): Promise<boolean> {
  const listing =
    (await read(host, `${repository}/referrers/${subject}`)) ??
    (await read(host, `${repository}/manifests/${subject.replace(':', '-')}`));
  return listing !== undefined && Buffer.from(listing).includes(referrer);
}

async function missingFrom(
  host: string,
  repository: string,
  graphs: readonly Graph[],
): Promise<string | undefined> {
  const wanted = graphs.flatMap(({ manifests, blobs }) => [
    ...manifests.map(({ digest }) => ['manifests', digest] as const),
    ...blobs.map((bytes) => ['blobs', digestOf(bytes)] as const),
  ]);
  const found = await Promise.all(
    wanted.map(async ([kind, digest]) => {
      const bytes = await read(host, `${repository}/${kind}/${digest}`);
      return bytes !== undefined && digestOf(bytes) === digest;
    }),
  );
  const missing = wanted.filter((_, at) => !found[at]);
  return missing.length === 0 ? undefined : `the tag is right, but ${missing.join(', ')} is not there`;
}

async function read(host: string, path: string): Promise<Uint8Array | undefined> {
  const headers = { accept: `${OCI_INDEX}, ${OCI_MANIFEST}` };
  // As `fetch`, at a third of its cost: thousands are read.
  const { statusCode, body } = await request(`http://${host}/v2/${path}`, { headers });
  const bytes = await body.bytes();
  return statusCode === 200 ? bytes : undefined;
}

/** One line for the message of a failed test: how it ended, and what had gone wrong before. */
export function storyOf({ complaint, error, struck }: FaultyOutcome): string {
  const faults = struck.map(({ glitch, exchange }) => `${exchange.step}: ${glitch}`);
  const end = complaint ?? (error === undefined ? 'the image' : describeError(error));
  return `${end} (after ${faults.join('; ') || 'nothing'})`;
}
