import type { Edm } from '@azure/data-tables';
import { InvalidInputError } from '../errors.ts';

/** The columns of a record as the SDK writes them. Every number is a Double, so that a column has one type. */
export type Columns = Record<string, string | boolean | Edm<'Double'>>;

const FIELD_NAME = /^[A-Za-z][A-Za-z0-9]{0,99}$/;
const COLUMN_NAME = /^(?<field>[A-Za-z][A-Za-z0-9]*)(?:_(?<kind>value|json)(?<piece>\d*))?$/;
/** Names the service or the SDK gives a meaning of their own, in lower case. */
const RESERVED_NAMES = new Set(['partitionkey', 'rowkey', 'timestamp', 'etag']);
/** A text column holds 64 KiB of UTF-16; a code point is at most two units. */
const MAX_TEXT_LENGTH = 32_000;
const PIECES = /[\s\S]{1,16000}/gu;
/** A record holds 1 MiB of UTF-16; the rest is room for keys and bookkeeping. */
const MAX_RECORD_LENGTH = 500_000;

/**
 * Spreads a JSON object over columns. A text, number or boolean has its own column, so that a person can query it.
 * Anything else, and text too long or ill-formed for a column, is JSON in `name_json`, `name_json2`, …
 * A field with a name the service reserves is in `name_value`. `undefined` is left out.
 * @throws InvalidInputError `E_ARGUMENT` for what a table cannot hold.
 */
export function toColumns(value: object): Columns {
  const columns: Columns = {};
  let length = 0;
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue;
    if (!FIELD_NAME.test(name))
      throw unfit(`the field name "${name.slice(0, 120)}" is not letters and digits, starting with a letter`);
    for (const [column, content] of columnsOf(name, field)) {
      columns[column] = content;
      length += column.length + (typeof content === 'string' ? content.length : 8);
    }
  }
  if (length > MAX_RECORD_LENGTH)
    throw unfit(`it takes ${length} characters, at most ${MAX_RECORD_LENGTH} are possible`);
  return columns;
}

function columnsOf(name: string, field: unknown): [string, Columns[string]][] {
  const scalar = RESERVED_NAMES.has(name.toLowerCase()) ? `${name}_value` : name;
  if (typeof field === 'boolean') return [[scalar, field]];
  if (typeof field === 'number') {
    if (!Number.isFinite(field)) throw unfit(`the field ${name} is ${field}`);
    return [[scalar, { type: 'Double', value: field }]];
  }
  if (typeof field === 'string' && field.length <= MAX_TEXT_LENGTH && field.isWellFormed())
    return [[scalar, field]];
  // JSON.stringify escapes lone surrogates, which the wire format would replace.
  const pieces = JSON.stringify(field).match(PIECES) ?? [];
  return pieces.map((piece, index) => [`${name}_json${index === 0 ? '' : index + 1}`, piece]);
}

/** Puts back together what `toColumns` spread. Columns of other making, such as the keys, are left out. */
export function fromColumns(columns: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  const pieces = new Map<string, string[]>();
  for (const [column, content] of Object.entries(columns)) {
    const { field, kind, piece } = COLUMN_NAME.exec(column)?.groups ?? {};
    if (!field || (!kind && RESERVED_NAMES.has(field.toLowerCase()))) continue;
    if (kind !== 'json') {
      value[field] = content;
      continue;
    }
    const list = pieces.get(field) ?? [];
    list[piece ? Number(piece) - 1 : 0] = String(content);
    pieces.set(field, list);
  }
  for (const [field, list] of pieces) value[field] = JSON.parse(list.join(''));
  return value;
}

function unfit(reason: string): InvalidInputError {
  return new InvalidInputError('E_ARGUMENT', `The record cannot be kept in a table: ${reason}.`);
}
