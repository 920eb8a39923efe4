import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, verified, verifyBytes } from '../../../shared/content/index.ts';
import { collect } from '../../helpers/collect.ts';

const algorithm = fc.constantFrom('sha256' as const, 'sha512' as const);
/** Bytes and where to cut them; the same cut twice makes an empty piece. */
const cutBytes = fc.uint8Array({ maxLength: 200 }).chain((bytes) =>
  fc.record({
    bytes: fc.constant(Buffer.from(bytes)),
    cuts: fc.array(fc.nat(bytes.length), { maxLength: 8 }).map((cuts) => cuts.sort((a, b) => a - b)),
  }),
);

async function* pieces(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const edges = [0, ...cuts, bytes.byteLength];
  for (const [i, edge] of edges.entries()) yield bytes.subarray(edge, edges[i + 1] ?? edge);
}

function flipped(bytes: Uint8Array, position: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[position] = (copy[position] ?? 0) ^ 1;
  return copy;
}

describe('verified', () => {
  it('passes the right bytes on unchanged, however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(cutBytes, algorithm, async ({ bytes, cuts }, kind) => {
        const descriptor = { digest: digestOf(bytes, kind), size: bytes.byteLength };
        const passed = await collect(verified(pieces(bytes, cuts), descriptor));
        expect(Buffer.concat(passed).equals(bytes)).toBe(true);
      }),
    );
  });

  it('throws at the end for a single wrong bit', async () => {
    const wrong = cutBytes
      .filter(({ bytes }) => bytes.length > 0)
      .chain((cut) => fc.record({ cut: fc.constant(cut), position: fc.nat(cut.bytes.length - 1) }));
    await fc.assert(
      fc.asyncProperty(wrong, algorithm, async ({ cut: { bytes, cuts }, position }, kind) => {
        const digest = digestOf(bytes, kind);
        const reading = collect(
          verified(pieces(flipped(bytes, position), cuts), { digest, size: bytes.byteLength }),
        );
        await expect(reading).rejects.toMatchObject({ code: 'E_DIGEST_MISMATCH' });
      }),
    );
  });

  it('throws for missing bytes', async () => {
    await fc.assert(
      fc.asyncProperty(cutBytes, fc.integer({ min: 1, max: 50 }), async ({ bytes, cuts }, missing) => {
        const whole = Buffer.concat([bytes, Buffer.alloc(missing)]);
        const reading = collect(
          verified(pieces(bytes, cuts), { digest: digestOf(whole), size: whole.byteLength }),
        );
        await expect(reading).rejects.toMatchObject({ code: 'E_SIZE_MISMATCH' });
      }),
    );
  });

  it('throws for extra bytes, and passes none of the piece that has them', async () => {
    await fc.assert(
      fc.asyncProperty(cutBytes, fc.uint8Array({ minLength: 1 }), async ({ bytes, cuts }, extra) => {
        const sent = Buffer.concat([bytes, extra]);
        const descriptor = { digest: digestOf(bytes), size: bytes.byteLength };
        let passed = 0;
        const read = async () => {
          for await (const piece of verified(pieces(sent, cuts), descriptor)) passed += piece.byteLength;
        };
        await expect(read()).rejects.toMatchObject({ code: 'E_SIZE_MISMATCH' });
        expect(passed).toBeLessThanOrEqual(bytes.byteLength);
      }),
    );
  });

  it('does not wait for the end of a source that sends too much', async () => {
    let pulled = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        pulled += 1;
        yield Buffer.alloc(10);
      }
    }
    const reading = collect(verified(endless(), { digest: digestOf('x'), size: 25 }));
    await expect(reading).rejects.toMatchObject({ code: 'E_SIZE_MISMATCH' });
    expect(pulled).toBe(3);
  });

  it('passes on the failure of its source, and closes the source when left early', async () => {
    const failure = new Error('reset');
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('x');
      throw failure;
    }
    const descriptor = { digest: digestOf('xy'), size: 2 };
    await expect(collect(verified(failing(), descriptor))).rejects.toBe(failure);

    let closed = false;
    async function* closing(): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.from('x');
        yield Buffer.from('y');
      } finally {
        closed = true;
      }
    }
    for await (const _ of verified(closing(), descriptor)) break;
    expect(closed).toBe(true);
  });
});

describe('verifyBytes', () => {
  const bytes = Buffer.from('layer');
  const digest = digestOf(bytes);

  it('takes the right bytes, with or without a size', () => {
    expect(() => verifyBytes(bytes, { digest, size: 5 })).not.toThrow();
    expect(() => verifyBytes(bytes, { digest })).not.toThrow();
    expect(() => verifyBytes(bytes, { digest: digestOf(bytes, 'sha512') })).not.toThrow();
  });

  it('tells a wrong size from a wrong digest', () => {
    expect(() => verifyBytes(bytes, { digest, size: 4 })).toThrow(
      expect.objectContaining({ code: 'E_SIZE_MISMATCH' }),
    );
    expect(() => verifyBytes(flipped(bytes, 0), { digest, size: 5 })).toThrow(
      expect.objectContaining({ code: 'E_DIGEST_MISMATCH' }),
    );
  });
});
