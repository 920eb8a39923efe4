import { describe, expect, it } from 'vitest';
import { digestOf } from '../../shared/content/index.ts';
import type { OpenSink } from '../../shared/transfer/index.ts';

export interface SinkFixture {
  readonly open: OpenSink;
  /** What is visible under a name. */
  read(name: string): Promise<string | undefined>;
}

/** What every adapter of the `ArchiveSink` port does. `create` gives an empty place to each test. */
export function describeArchiveSink(name: string, create: () => Promise<SinkFixture>): void {
  describe(`${name} as a sink of archives`, () => {
    it('makes a file visible when it is committed, with all that was written', async () => {
      const { open, read } = await create();
      const sink = await open('app.tar', 7);
      await sink.write(Buffer.from('con'));
      await sink.write(Buffer.from('tent'));
      expect(await read('app.tar')).toBeUndefined();
      await sink.commit({ size: 7, sha256: digestOf('content') });
      expect(await read('app.tar')).toBe('content');
    });

    it('leaves nothing of a file that is given up', async () => {
      const { open, read } = await create();
      const sink = await open('app.tar', 7);
      await sink.write(Buffer.from('con'));
      await sink.abort();
      await sink.abort();
      expect(await read('app.tar')).toBeUndefined();
    });

    it('writes several files side by side', async () => {
      const { open, read } = await create();
      const [one, two] = [await open('1.tar', 1), await open('2.tar', 1)];
      await two.write(Buffer.from('2'));
      await one.write(Buffer.from('1'));
      await one.commit({ size: 1, sha256: digestOf('1') });
      await two.abort();
      expect([await read('1.tar'), await read('2.tar')]).toEqual(['1', undefined]);
    });
  });
}
