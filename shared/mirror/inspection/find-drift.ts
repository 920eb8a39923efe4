import { type Digest, formatReference, type RepositoryName } from '../../content/index.ts';
import type { SideOptions } from '../../errors.ts';
import type { TagRecord } from '../../imports/index.ts';
import { isHeld } from '../../lease.ts';
import type { Records } from '../../records.ts';
import type { Drift, KnownObservations, Observation } from '../observations/index.ts';
import type { TagOverride, Watch } from '../watches/index.ts';
import { failureOf, type PollFailure } from '../watches/index.ts';
import { checkOf, overrideOf, type TagCheck } from './overrides.ts';
import { readDigests } from './read-digests.ts';
import { TagProbe, type TagSource } from './tag-probe.ts';

export interface VerifyPorts {
  readonly registry: { repository(name: RepositoryName, options?: SideOptions): TagSource };
  readonly tags: Pick<Records<TagRecord>, 'list'>;
  readonly now: () => Date;
}

export interface Verification {
  readonly drift: Drift;
  /** Target tags at which a person or a run placed other content. They stay. */
  readonly overrides: readonly TagOverride[];
  readonly requests: number;
  readonly errors: readonly PollFailure[];
}

/**
 * Finds target tags that do not name what was put there last, which is not always the upstream digest: a platform
 * subset may have a separate index. Tags whose import has not ended are left out. Those that a command or a pipeline
 * run placed other content under are overrides, until they are deleted.
 */
export async function findDrift(
  watch: Watch,
  tags: ReadonlySet<string>,
  known: KnownObservations,
  ports: VerifyPorts,
  signal: AbortSignal | undefined,
): Promise<Verification> {
  const drift = new Map<string, ReadonlyMap<string, Digest | undefined>>();
  const overrides: TagOverride[] = [];
  const errors: PollFailure[] = [];
  let requests = 0;
  for (const repository of watch.targets) {
    const target = formatReference(repository);
    const observations = known.byTarget.get(target);
    if (!observations) continue;
    const probe = new TagProbe(ports.registry.repository(repository, { side: 'target' }), { signal });
    try {
      const checked = await readChecked(target, tags, observations, ports);
      const found = await askTarget(target, checked, probe);
      drift.set(target, found.drift);
      overrides.push(...found.overrides);
      errors.push(...found.errors);
    } catch (error) {
      signal?.throwIfAborted();
      errors.push({ ...failureOf(error), target });
    }
    requests += probe.requests.listings + probe.requests.heads;
  }
  return { drift, overrides, requests, errors };
}

interface CheckedTag extends TagCheck {
  readonly record: TagRecord;
  readonly observed: Digest;
}

/** The tags that are to be checked. */
async function readChecked(
  target: string,
  tags: ReadonlySet<string>,
  observations: ReadonlyMap<string, Observation>,
  { tags: records, now }: VerifyPorts,
): Promise<ReadonlyMap<string, CheckedTag>> {
  const checked = new Map<string, CheckedTag>();
  for await (const { key, value } of records.list(target)) {
    const observation = tags.has(key.row) ? observations.get(key.row) : undefined;
    if (!observation?.queued || isHeld(value, now())) continue;
    const check = checkOf(value, observation);
    if (check) checked.set(key.row, { ...check, record: value, observed: observation.digest });
  }
  return checked;
}

async function askTarget(
  target: string,
  checked: ReadonlyMap<string, CheckedTag>,
  probe: TagProbe,
): Promise<
  Pick<Verification, 'errors' | 'overrides'> & { readonly drift: ReadonlyMap<string, Digest | undefined> }
> {
  const listed = await listedDigests(new Set(checked.keys()), probe);
  const doubtful = [...checked].filter(([tag, { digest }]) => !digest || listed.get(tag) !== digest);
  const { found, errors } = await probe.heads(doubtful.map(([tag]) => tag));
  const drift = new Map<string, Digest | undefined>();
  const overrides: TagOverride[] = [];
  for (const [tag, answer] of found) {
    const there = answer?.digest;
    const check = checked.get(tag);
    if (!check || (there !== undefined && there === check.digest)) continue;
    if (check.isOurs || there === undefined) {
      drift.set(tag, there);
      continue;
    }
    const override = there === check.observed ? undefined : overrideOf(check.record, there);
    if (override) overrides.push(override);
  }
  return {
    drift,
    overrides,
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
