import { type SideOptions, TransportError } from '../../errors.ts';
import type { Repository } from '../../registry/index.ts';
import { createTagSelector, type ListedTag, needsTimes, type TagExplanation } from '../selection/index.ts';
import type { Watch } from '../watches/index.ts';
import { failureOf, type PollFailure } from '../watches/index.ts';
import { noTimesListed } from './list-upstream.ts';

interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ExplainPorts {
  readonly registry: {
    repository(name: Watch['source'], options?: SideOptions): Pick<Repository, 'tags' | 'listDigests'>;
  };
}

/** Which of upstream's tags a watch takes, and why. */
export interface WatchExplanation {
  readonly watch: string;
  /** In upstream's order. */
  readonly tags: readonly TagExplanation[];
  /** Rules that hold for none of the tags. */
  readonly unmatched: readonly string[];
  readonly errors: readonly PollFailure[];
}

const MAX_TAGS = 200_000;

/** Lists upstream's tags and applies the watch's rules to them; asks nothing else. Only an abort throws. */
export async function explainWatch(
  watch: Watch,
  ports: ExplainPorts,
  { signal }: CallOptions = {},
): Promise<WatchExplanation> {
  try {
    const tags = await listTags(watch, ports, signal);
    const selector = createTagSelector(watch.tags);
    const { unmatched } = selector.select(tags);
    return { watch: watch.name, tags: selector.explainAll(tags), unmatched, errors: [] };
  } catch (error) {
    signal?.throwIfAborted();
    return { watch: watch.name, tags: [], unmatched: [], errors: [failureOf(error)] };
  }
}

async function listTags(
  watch: Watch,
  { registry }: ExplainPorts,
  signal: AbortSignal | undefined,
): Promise<readonly ListedTag[]> {
  const repository = registry.repository(watch.source, { side: 'source' });
  const listed: ListedTag[] = [];
  const add = (tags: readonly ListedTag[]) => {
    listed.push(...tags);
    if (listed.length > MAX_TAGS)
      throw new TransportError('E_TOO_LARGE', `The repository lists more than ${MAX_TAGS} tags.`);
  };
  if (needsTimes(watch.tags)) {
    const pages = repository.listDigests({ signal });
    if (!pages) throw noTimesListed(watch);
    for await (const { tags } of pages) add(tags);
  } else {
    for await (const tag of repository.tags({ signal })) add([{ tag }]);
  }
  return listed;
}
