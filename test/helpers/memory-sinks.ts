import type { ArchiveFacts, OpenSink } from '../../shared/transfer/index.ts';

export interface MemorySinks {
  readonly open: OpenSink;
  /** What was committed, by name. */
  readonly files: Map<string, Buffer>;
  readonly facts: Map<string, ArchiveFacts>;
  /** Sizes that were announced, in the order of the calls. */
  readonly opened: { readonly name: string; readonly size: number }[];
  readonly aborted: string[];
}

/** Files in memory that appear when they are committed; `before` may throw where a real one would fail. */
export function memorySinks(
  before: (step: 'open' | 'write' | 'commit', name: string) => unknown = () => {},
): MemorySinks {
  const sinks = {
    files: new Map<string, Buffer>(),
    facts: new Map<string, ArchiveFacts>(),
    opened: [] as { name: string; size: number }[],
    aborted: [] as string[],
  };
  return {
    ...sinks,
    open: async (name, size) => {
      await before('open', name);
      sinks.opened.push({ name, size });
      const chunks: Uint8Array[] = [];
      return {
        async write(chunk) {
          await before('write', name);
          chunks.push(chunk);
        },
        async commit(facts) {
          await before('commit', name);
          sinks.files.set(name, Buffer.concat(chunks));
          sinks.facts.set(name, facts);
        },
        async abort() {
          sinks.aborted.push(name);
        },
      };
    },
  };
}
