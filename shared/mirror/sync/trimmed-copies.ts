import {
  type Digest,
  matchesPlatform,
  type Platform,
  parseManifest,
  parseReference,
} from '../../content/index.ts';
import { trimmedDigest } from '../../imports/index.ts';
import type { RegistryClient, Repository } from '../../registry/index.ts';
import type { WatchInspection } from '../inspection/index.ts';
import type { Watch } from '../watches/index.ts';

type PlannedImport = WatchInspection['plan']['changes'][number];

/**
 * A survey without the imports of tags that are right: a target that refuses an index with missing children holds one of
 * its own for the platforms copied, and no state says so here. Only what looks like that is compared, at the price
 * of reading upstream's index. A tag about which that cannot be found out stays.
 * @returns the survey, and how many manifests were read upstream
 */
export async function withoutTrimmedCopies(
  watch: Watch,
  inspection: WatchInspection,
  registry: Pick<RegistryClient, 'repository'>,
  signal: AbortSignal | undefined,
): Promise<{ readonly inspection: WatchInspection; readonly pulls: number }> {
  const { changes, unchanged } = inspection.plan;
  const trimmed = new Map<Digest, Promise<Digest | undefined>>();
  const source = registry.repository(watch.source, { side: 'source' });
  const kept: PlannedImport[] = [];
  for (const change of changes) {
    const { digest } = change.observed;
    if (!(await looksTrimmed(change, watch.platforms, registry, signal))) {
      kept.push(change);
      continue;
    }
    const asked = trimmed.get(digest) ?? readTrimmed(source, digest, watch.platforms, signal);
    trimmed.set(digest, asked);
    if ((await asked) !== change.known?.digest) kept.push(change);
  }
  const plan = { ...inspection.plan, changes: kept, unchanged: unchanged + changes.length - kept.length };
  return { inspection: { ...inspection, plan }, pulls: trimmed.size };
}

/** Whether the target's tag is an index of nothing but the platforms wanted, and what is attached to them. */
async function looksTrimmed(
  { known, observed }: PlannedImport,
  platforms: readonly Platform[],
  registry: Pick<RegistryClient, 'repository'>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (platforms.length === 0 || !known || known.digest === observed.digest) return false;
  try {
    const { registry: host, repository } = parseReference(observed.target);
    const target = registry.repository({ registry: host, repository }, { side: 'target' });
    const manifest = parseManifest(await target.fetchManifest(known.digest, { signal }));
    if (manifest.kind !== 'index') return false;
    return manifest.manifests.every(
      ({ platform }) =>
        !platform ||
        platform.os === 'unknown' ||
        platforms.some((wanted) => matchesPlatform(wanted, platform)),
    );
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}

async function readTrimmed(
  source: Repository,
  digest: Digest,
  platforms: readonly Platform[],
  signal: AbortSignal | undefined,
): Promise<Digest | undefined> {
  try {
    return await trimmedDigest(source, digest, { platforms, signal });
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}
