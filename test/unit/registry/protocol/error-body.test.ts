import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseErrorBody } from '../../../../shared/registry/protocol/error-body.ts';

it('quotes no secret that was shown, in whole or after it would be cut off, and no JWT', () => {
  const secret = `sec.ret+${'x'.repeat(300)}`;
  const body = {
    errors: [{ code: secret, message: `got ${secret} and eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.` }],
  };
  const { codes, summary } = parseErrorBody(Buffer.from(JSON.stringify(body)), undefined, [secret, 'a']);
  expect(codes).toEqual(['REDACTED']);
  expect(summary).toBe('REDACTED: got REDACTED and REDACTED');
});

const parse = (text: string, type?: string) => parseErrorBody(Buffer.from(text), type);

it.each([
  [
    '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"x"}}]}',
    ['MANIFEST_UNKNOWN'],
    'MANIFEST_UNKNOWN: manifest unknown',
  ],
  [
    '{"errors":[{"code":"DENIED"},{"code":"UNAUTHORIZED","message":null}]}',
    ['DENIED', 'UNAUTHORIZED'],
    'DENIED',
  ],
  ['{"errors":[{"code":500,"message":"x"}]}', ['500'], '500: x'],
  ['{"details":"incorrect username or password"}', [], 'incorrect username or password'],
  ['{"message":"pull access denied"}', [], 'pull access denied'],
  ['{"error":"invalid_grant","error_description":"expired"}', ['invalid_grant'], 'invalid_grant: expired'],
  ['', [], ''],
])('reads %s', (text, codes, summary) => {
  expect(parse(text, 'application/json')).toEqual({ codes, summary });
});

it('names other documents by their type and never quotes them', () => {
  expect(parse('<html>secret</html>', 'text/html; charset=utf-8').summary).toBe('with an HTML page');
  expect(parse('<Error>AKIA</Error>', 'application/xml').summary).toBe(
    'with a document of type application/xml',
  );
  expect(parse('secret', undefined).summary).toBe('with a document of unknown type');
  expect(parse('{"errors":[]}', 'application/json').summary).toBe('with a document of type application/json');
});

it('makes one short plain line of any message', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (message) => {
      const { summary } = parse(JSON.stringify({ errors: [{ code: 'X', message }] }));
      expect(summary).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(summary.length).toBeLessThanOrEqual(210);
    }),
    { numRuns: 30 },
  );
});

it('reads a text in which everything might begin a JWT as fast as any other', () => {
  const text = 'eyJ-'.repeat(100_000);
  expect(parse(JSON.stringify({ errors: [{ code: text, message: `${text} ${text}` }] }))).toEqual({
    codes: ['REDACTED'],
    summary: 'REDACTED: REDACTED REDACTED',
  });
});

it('survives any bytes', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => parseErrorBody(bytes, undefined).codes.length === 0));
});
