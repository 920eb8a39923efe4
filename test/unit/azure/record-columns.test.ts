import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromColumns, toColumns } from '../../../shared/azure/record-columns.ts';

/** Columns as the table service gives them back. */
function asRead(value: object): Record<string, unknown> {
  const read = Object.entries(toColumns(value)).map(([name, content]) => [
    name,
    typeof content === 'object' ? content.value : content,
  ]);
  return {
    ...Object.fromEntries(read),
    partitionKey: 'p',
    rowKey: 'r',
    timestamp: 't',
    etag: 'e',
    write_id: 'w',
  };
}

describe('toColumns', () => {
  it('gives scalar fields a column of their own and writes the rest as JSON', () => {
    expect(
      toColumns({ text: 'x', count: 2, done: false, tags: ['a'], origin: { at: 1 }, none: null }),
    ).toEqual({
      text: 'x',
      count: { type: 'Double', value: 2 },
      done: false,
      tags_json: '["a"]',
      origin_json: '{"at":1}',
      none_json: 'null',
    });
  });

  it('leaves out undefined', () => {
    expect(toColumns({ text: 'x', gone: undefined })).toEqual({ text: 'x' });
  });

  it.each(['etag', 'timestamp', 'Timestamp', 'partitionKey', 'rowKey'])(
    'keeps clear of the reserved name %s',
    (name) => {
      expect(toColumns({ [name]: 'x' })).toEqual({ [`${name}_value`]: 'x' });
      expect(fromColumns(asRead({ [name]: 'x' }))).toEqual({ [name]: 'x' });
    },
  );

  it('cuts long text into pieces a column can hold, never inside a character', () => {
    const text = `x${'🐳'.repeat(40_000)}`;
    const pieces = Object.values(toColumns({ text }));
    expect(pieces.length).toBeGreaterThan(2);
    for (const piece of pieces) {
      expect(String(piece).length).toBeLessThanOrEqual(32_000);
      expect(String(piece).isWellFormed()).toBe(true);
    }
    expect(fromColumns(asRead({ text })).text === text).toBe(true);
  });

  it.each([
    ['a field name that is no column name', { 'a-b': 1 }],
    ['a field name that could be a column of another field', { tags_json: 'x' }],
    ['a prototype', JSON.parse('{"__proto__":1}')],
    ['a number that JSON does not have', { count: Number.NaN }],
    ['more than a table holds', { text: 'x'.repeat(500_001) }],
  ])('refuses %s', (_, value) => {
    expect(() => toColumns(value)).toThrow(expect.objectContaining({ code: 'E_ARGUMENT' }));
  });
});

describe('fromColumns', () => {
  it('puts any record together again', () => {
    const field = fc.oneof(
      fc.constantFrom('etag', 'rowKey', 'Timestamp', 'a', 'A1', 'json', 'value'),
      fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,9}$/),
    );
    const json = fc.jsonValue({ noUnicodeString: false }).map((value) => JSON.parse(JSON.stringify(value)));
    const record = fc.dictionary(field, fc.oneof(json, fc.string({ unit: 'binary' })), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(record, (value) => {
        expect(fromColumns(asRead(value))).toEqual(value);
      }),
    );
  });
});
