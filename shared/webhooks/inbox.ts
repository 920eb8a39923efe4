import { formatReference, parseRepositoryName, type RepositoryName } from '../content/index.ts';
import { coalesce } from '../memo.ts';
import { readableRecords } from '../record-schema.ts';
import type { RecordKey, Records } from '../records.ts';
import type { Allowance } from './allowance.ts';
import {
  claimDue,
  dueReferences,
  type NotifiedReference,
  type RepositoryNotifications,
  withNotification,
  withSettled,
} from './notification-record.ts';

export interface InboxPorts {
  readonly notifications: Pick<Records<RepositoryNotifications>, 'update' | 'list'>;
  readonly allowance: Allowance;
  readonly now: () => Date;
}

/**
 * The references that notifications named, by upstream repository (`host/path`), until they were checked. Once `put` has
 * resolved none is lost: what a worker took and did not check, because of an error or a crash, is taken again.
 */
export interface Inbox {
  /**
   * Stores references, and takes those of the repository that may be checked now. References of calls made meanwhile are
   * stored too, and taken by one of them.
   */
  put(
    repository: string,
    from: { readonly webhook: string; readonly references: readonly string[] },
  ): Promise<readonly NotifiedReference[]>;
  /** Takes what may be checked now. */
  take(repository: string): Promise<readonly NotifiedReference[]>;
  /** Marks references as checked. */
  settle(repository: string, checked: readonly NotifiedReference[]): Promise<void>;
  /** Repositories of which something may be checked now. Records of a later version are skipped: its workers handle them. */
  waiting(): AsyncIterable<string>;
}

export function createInbox({ notifications, allowance, now }: InboxPorts): Inbox {
  async function takeFrom(
    repository: string,
    wanted: number,
    change: (current: RepositoryNotifications | undefined, at: Date) => RepositoryNotifications | undefined,
  ): Promise<readonly NotifiedReference[]> {
    const { registry } = parseRepositoryName(repository);
    const granted = await allowance.take(registry, wanted);
    let taken: readonly NotifiedReference[] = [];
    try {
      await notifications.update(notificationsKey(repository), (current) => {
        taken = [];
        const at = now();
        const changed = change(current, at);
        if (!changed) return undefined;
        const claim = claimDue(changed, granted, at);
        taken = claim.taken;
        return claim.record;
      });
    } finally {
      allowance.giveBack(registry, granted - taken.length);
    }
    return taken;
  }

  interface Put {
    readonly webhook: string;
    readonly references: readonly string[];
  }
  const putAll = coalesce((repository: string, puts: readonly Put[]) => {
    const { webhook = '' } = puts.at(-1) ?? {};
    const references = [...new Set(puts.flatMap((put) => put.references))];
    return takeFrom(repository, references.length, (current, at) =>
      withNotification(current, webhook, references, at),
    );
  });

  return {
    put: async (repository, from) => (await putAll(repository, [from])) ?? [],
    take: (repository) => takeFrom(repository, MAX_TAKEN, (current) => current),
    async settle(repository, checked) {
      await notifications.update(notificationsKey(repository), (current) => withSettled(current, checked));
    },
    async *waiting() {
      const at = now();
      for await (const { key, value } of readableRecords(notifications.list())) {
        if (dueReferences(value, at).length > 0) yield repositoryOf(key);
      }
    },
  };
}

/** At a time, so that one repository does not use up the allowance of the others. */
const MAX_TAKEN = 50;

/** A registry's repositories share a partition. */
export function notificationsKey(repository: string): RecordKey {
  const { registry, repository: path } = parseRepositoryName(repository);
  return { partition: registry, row: path };
}

export function repositoryOf({ partition, row }: RecordKey): string {
  return formatReference({ registry: partition, repository: row } satisfies RepositoryName);
}
