import { formatReference, parseRepositoryName, type RepositoryName } from '../content/index.ts';
import { coalesce } from '../memo.ts';
import type { RecordKey, Records } from '../records.ts';
import type { Allowance } from './allowance.ts';
import { claimed, dueSubjects, noticed, type RepositoryNotices, type Subject, settled } from './notices.ts';

export interface InboxPorts {
  readonly notices: Pick<Records<RepositoryNotices>, 'update' | 'list'>;
  readonly allowance: Allowance;
  readonly now: () => Date;
}

/**
 * What notices spoke of, by upstream repository (`host/path`), until it was asked about. Once `put` has resolved nothing
 * is lost: whoever fails to ask about what it took, or dies, leaves it to be taken again.
 */
export interface Inbox {
  /**
   * Keeps subjects and takes what of the repository may be asked about now. Calls made meanwhile are kept too, and find
   * nothing left to take.
   */
  put(
    repository: string,
    from: { readonly webhook: string; readonly subjects: readonly string[] },
  ): Promise<readonly Subject[]>;
  /** Takes what may be asked about now. */
  take(repository: string): Promise<readonly Subject[]>;
  /** These were asked about with success. */
  settle(repository: string, asked: readonly Subject[]): Promise<void>;
  /** Repositories of which something may be asked about now. */
  waiting(): AsyncIterable<string>;
}

export function createInbox({ notices, allowance, now }: InboxPorts): Inbox {
  async function takeFrom(
    repository: string,
    wanted: number,
    change: (current: RepositoryNotices | undefined, at: Date) => RepositoryNotices | undefined,
  ): Promise<readonly Subject[]> {
    const { registry } = parseRepositoryName(repository);
    const granted = await allowance.take(registry, wanted);
    let taken: readonly Subject[] = [];
    try {
      await notices.update(noticesKey(repository), (current) => {
        taken = [];
        const at = now();
        const changed = change(current, at);
        if (!changed) return undefined;
        const claim = claimed(changed, granted, at);
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
    readonly subjects: readonly string[];
  }
  const putAll = coalesce((repository: string, puts: readonly Put[]) => {
    const { webhook = '' } = puts.at(-1) ?? {};
    const subjects = [...new Set(puts.flatMap((put) => put.subjects))];
    return takeFrom(repository, subjects.length, (current, at) => noticed(current, webhook, subjects, at));
  });

  return {
    put: async (repository, from) => (await putAll(repository, [from])) ?? [],
    take: (repository) => takeFrom(repository, MAX_TAKEN, (current) => current),
    async settle(repository, asked) {
      await notices.update(noticesKey(repository), (current) => settled(current, asked));
    },
    async *waiting() {
      const at = now();
      for await (const { key, value } of notices.list()) {
        if (dueSubjects(value, at).length > 0) yield repositoryOf(key);
      }
    },
  };
}

/** At a time, so that one repository does not use up what others wait for too. */
const MAX_TAKEN = 50;

/** A registry's repositories share a partition. */
export function noticesKey(repository: string): RecordKey {
  const { registry, repository: path } = parseRepositoryName(repository);
  return { partition: registry, row: path };
}

export function repositoryOf({ partition, row }: RecordKey): string {
  return formatReference({ registry: partition, repository: row } satisfies RepositoryName);
}
