import { parseReference } from '../../content/index.ts';
import {
  type BatchResult,
  type CopyProgress,
  importBatch,
  type TagLedger,
  type TagOrder,
  type TagOrderOutcome,
} from '../../imports/index.ts';
import type { RegistryClient } from '../../registry/index.ts';
import type { SyncPlan } from '../observations/index.ts';
import type { TagOverride, Watch } from '../watches/index.ts';
import { type ServiceRecords, withoutOverrides } from './kept-overrides.ts';
import { planWatches, type WatchPlan } from './plan-watches.ts';

type PlannedImport = SyncPlan['changes'][number];

export interface SyncOptions {
  /** Find out what would be done and do nothing. */
  readonly dryRun?: boolean | undefined;
  /** The records of a service that mirrors too. Default: none is known of. */
  readonly service?: SyncService | undefined;
  readonly now?: (() => Date) | undefined;
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SyncService extends ServiceRecords {
  readonly ledger: TagLedger;
}

/** What one watch was found to need, and what became of it. */
export interface WatchSync extends WatchPlan {
  /** One for each change of the plan, in its order; none after a dry run. */
  readonly outcomes: readonly TagOrderOutcome[];
  /** Tags that keep what was placed there, by the records of the service. */
  readonly kept: readonly TagOverride[];
}

export interface SyncReport {
  readonly watches: readonly WatchSync[];
  /** What it took, without the outcomes; `undefined` after a dry run. */
  readonly copied: Omit<BatchResult, 'outcomes'> | undefined;
}

/**
 * Plans every watch from what upstream and targets hold, then copies what is missing in one batch. What fails is in
 * the report; only an abort throws, the signal's reason.
 *
 * Beside a service, tags move through its ledger, as observed when the sync began: upstream was asked after that, so a tag
 * never goes back to something older than what the service placed meanwhile.
 * @throws also what the records of the service throw
 */
export async function syncWatches(
  watches: readonly Watch[],
  registry: Pick<RegistryClient, 'repository'>,
  { dryRun = false, service, now = () => new Date(), onProgress, signal }: SyncOptions = {},
): Promise<SyncReport> {
  const observedAt = service && now().toISOString();
  const plans = await Promise.all(
    (await planWatches(watches, registry, signal)).map(async (plan) =>
      service ? { ...plan, ...(await withoutOverrides(plan.inspection, service)) } : { ...plan, kept: [] },
    ),
  );
  if (dryRun) return { watches: plans.map((plan) => ({ ...plan, outcomes: [] })), copied: undefined };
  const orders = plans.map(({ inspection }, at) =>
    inspection.plan.changes.map((change) => toOrder(change, watches[at], observedAt)),
  );
  const { outcomes, ...copied } = await importBatch(orders.flat(), {
    repository: (name, options) => registry.repository(name, options),
    ledger: service?.ledger,
    emptyTargets: new Set(plans.flatMap(({ emptyTargets }) => [...emptyTargets])),
    onProgress,
    signal,
  });
  let at = 0;
  const synced = plans.map((plan) => {
    const own = outcomes.slice(at, at + plan.inspection.plan.changes.length);
    at += own.length;
    return { ...plan, outcomes: own };
  });
  return { watches: synced, copied };
}

function toOrder(
  { observed, known }: PlannedImport,
  watch: Watch | undefined,
  observedAt: string | undefined,
): TagOrder {
  const { registry, repository, tag = '' } = parseReference(observed.target);
  return {
    source: parseReference(observed.source),
    digest: observed.digest,
    target: { registry, repository, tag },
    platforms: watch?.platforms,
    referrers: observed.referrers,
    there: known?.digest,
    observedAt,
  };
}
