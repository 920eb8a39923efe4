import { pushTags, type TaggedDigests } from '../many/mirrored-content.ts';

export interface EndToEndCase {
  readonly name: string;
  readonly repositories: number;
  /** Distinct images of each repository. */
  readonly manifests: number;
  /** Of each repository. */
  readonly tags: number;
}

/** Newly seen tags: of one repository, and of a fleet of them. */
export const END_TO_END_CASES: readonly EndToEndCase[] = [
  { name: 'many:100', repositories: 1, manifests: 30, tags: 100 },
  { name: 'many:1000', repositories: 1, manifests: 300, tags: 1_000 },
  { name: 'fleet:10000', repositories: 500, manifests: 6, tags: 20 },
];

/** By repository. */
export type Content = ReadonlyMap<string, TaggedDigests>;

export async function pushContent(
  { name, repositories, manifests, tags }: EndToEndCase,
  host: string,
  signal: AbortSignal,
): Promise<Content> {
  const pushed = new Map<string, TaggedDigests>();
  for (let at = 0; at < repositories; at += 1) {
    const repository = `bench/${name.replace(':', '-')}-${at}`;
    pushed.set(repository, await pushTags({ host, repository, signal }, { manifests, tags }));
  }
  return pushed;
}

/** The configuration that both `longshore sync` and the functions are given. JSON is YAML. */
export function configurationFor(content: Content, hosts: { source: string; target: string }): string {
  const watches = Array.from(content.keys(), (repository) => ({
    source: `${hosts.source}/${repository}`,
    target: `${hosts.target}/${repository}`,
    tags: '*',
    referrers: false,
  }));
  return JSON.stringify({ defaults: { schedule: '*/2 * * * * *' }, watches });
}
