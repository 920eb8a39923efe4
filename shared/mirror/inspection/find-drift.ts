import { type Digest, formatReference, type RepositoryName } from '../../content/index.ts';
import type { SideOptions } from '../../errors.ts';
import { isPutBy, type TagRecord } from '../../imports/index.ts';
import { isHeld } from '../../lease.ts';
import type { Records } from '../../records.ts';
import type { Drift, KnownObservations, Observation } from '../observations/index.ts';
import type { Watch } from '../watches/index.ts';
import { failureOf, type PollFailure } from '../watches/index.ts';
import { readDigests } from './read-digests.ts';
import { TagProbe, type TagSource } from './tag-probe.ts';

export interface VerifyPorts {
  readonly registry: { repository(name: RepositoryName, options?: SideOptions): TagSource };
  readonly tags: Pick<Records<TagRecord>, 'list'>;
  readonly now: () => Date;
}

export interface Verification {
  readonly drift: Drift;
  readonly requests: number;
  readonly errors: readonly PollFailure[];
}

/**
 * Finds target tags that do not name what was put there last, which is not always the upstream digest: a platform
 * subset may have an index of its own. Tags whose import has not ended are left out, and so are those that something
 * else than this watch gave its content.
 */
export async function findDrift(
  watch: Watch,
  tags: ReadonlySet<string>,
  known: KnownObservations,
  ports: VerifyPorts,
  signal: AbortSignal | undefined,
): Promise<Verification> {
  const drift = new Map<string, ReadonlyMap<string, Digest | undefined>>();
  const errors: PollFailure[] = [];
  let requests = 0;
  for (const repository of watch.targets) {
    const target = formatReference(repository);
    const observations = known.byTarget.get(target);
    if (!observations) continue;
    const probe = new TagProbe(ports.registry.repository(repository, { side: 'target' }), { signal });
    try {
      const wanted = await whatWasPut(target, tags, observations, ports);
      const found = await askTarget(target, wanted, probe);
      drift.set(target, found.drift);
      errors.push(...found.errors);
    } catch (error) {
      signal?.throwIfAborted();
      errors.push({ ...failureOf(error), target });
    }
    requests += probe.requests.listings + probe.requests.heads;
  }
  return { drift, requests, errors };
}

/** The digest of each tag that names what its last observation was imported as, and nothing later. */
async function whatWasPut(
  target: string,
  tags: ReadonlySet<string>,
  observations: ReadonlyMap<string, Observation>,
  { tags: records, now }: VerifyPorts,
): Promise<ReadonlyMap<string, Digest>> {
  const put = new Map<string, Digest>();
  for await (const { key, value } of records.list(target)) {
    const observation = tags.has(key.row) ? observations.get(key.row) : undefined;
    if (!observation?.queued || !value.digest || isHeld(value, now())) continue;
    if (isPutBy(value, observation)) put.set(key.row, value.digest);
  }
  return put;
}

async function askTarget(
  target: string,
  wanted: ReadonlyMap<string, Digest>,
  probe: TagProbe,
): Promise<Pick<Verification, 'errors'> & { readonly drift: ReadonlyMap<string, Digest | undefined> }> {
  const listed = await listedDigests(new Set(wanted.keys()), probe);
  const doubtful = [...wanted].filter(([tag, digest]) => listed.get(tag) !== digest).map(([tag]) => tag);
  const { found, errors } = await probe.heads(doubtful);
  const drift = new Map<string, Digest | undefined>();
  for (const [tag, there] of found) {
    if (there?.digest !== wanted.get(tag)) drift.set(tag, there?.digest);
  }
  return {
    drift,
    errors: errors.map(({ tag, ...error }) => ({ ...error, target: tag ? `${target}:${tag}` : target })),
  };
}

/** What the target's listing says, as far as it is cheaper than HEADs. A listing that fails says nothing. */
async function listedDigests(
  wanted: ReadonlySet<string>,
  probe: TagProbe,
): Promise<ReadonlyMap<string, Digest | undefined>> {
  const pages = wanted.size > 1 ? probe.digestPages() : undefined;
  if (!pages) return new Map();
  try {
    const { rows } = await readDigests(pages, { wanted });
    return new Map([...rows].map(([tag, { digest }]) => [tag, digest]));
  } catch {
    return new Map();
  }
}
