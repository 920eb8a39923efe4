import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Output } from '../../../cli/output.ts';
import { ArchiveError, ConfigError } from '../../../shared/errors.ts';

async function written(json: boolean, write: (output: Output) => void): Promise<string> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  write(new Output({ stdout, stderr, signal: new AbortController().signal }, json));
  stdout.end();
  stderr.end();
  return (await text(stdout)) + (await text(stderr));
}

const ESC = '\u001b';
const BELL = '\u0007';
const NEXT_LINE = '\u0085';
const CSI = '\u009b';
const RIGHT_TO_LEFT = '\u202e';
/** What moves the cursor, sets the title, hides text, or makes a line of its own. */
const hostile = `app${ESC}[2J${ESC}]0;title${BELL}\r\ndone\t${CSI}31m${NEXT_LINE}${RIGHT_TO_LEFT}\u2028\u2066\u200b\u{e0041}`;
const DANGEROUS = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

describe('what a command prints', () => {
  it('has no sign in its lines that controls a terminal, whatever a registry or an archive calls itself', async () => {
    const lines = await written(false, (output) => output.result({}, [hostile, 'next']));
    expect(lines).not.toMatch(DANGEROUS);
    expect(lines).toBe(
      'app\\u001b[2J\\u001b]0;title\\u0007\\u000d\\u000adone\\u0009\\u009b31m\\u0085\\u202e\\u2028\\u2066\\u200b\\udb40\\udc41\nnext\n',
    );
  });

  it('has none in its JSON, which means the same', async () => {
    const value = { name: hostile, [hostile]: [hostile] };
    const json = await written(true, (output) => output.result(value, []));
    expect(json).not.toMatch(DANGEROUS);
    expect(JSON.parse(json)).toEqual(value);
  });

  it('means the same in JSON for any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (name) => {
        const json = await written(true, (output) => output.result({ name }, []));
        expect(json).not.toMatch(DANGEROUS);
        expect(JSON.parse(json)).toEqual({ name });
      }),
    );
  });

  it('has none in its failures, which quote what could not be read', async () => {
    const cause = new SyntaxError(
      `Unexpected token '${ESC}', "${ESC}]0;x\nlongshore: all is well" is not JSON`,
    );
    const error = new ArchiveError('E_ARCHIVE_FORMAT', 'The index is not JSON.', { cause });
    const plain = await written(false, (output) => output.failure(error));
    expect(plain).not.toMatch(DANGEROUS);
    expect(plain.split('\n')).toHaveLength(2);
    const json = await written(true, (output) => output.failure(error));
    expect(json).not.toMatch(DANGEROUS);
    expect(JSON.parse(json)).toMatchObject({ error: { message: expect.stringContaining(ESC) } });
    expect(await written(false, (output) => output.wrongUse(`unknown option '${ESC}c'\nTry:\n`))).toBe(
      "longshore: unknown option '\\u001bc'\nTry:\n",
    );
  });

  it('is a failure on stderr only, with JSON on one line', async () => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const output = new Output({ stdout, stderr, signal: new AbortController().signal }, true);
    output.failure(new ConfigError([{ where: 'a.yaml:1:1', message: 'one' }]));
    stdout.end();
    stderr.end();
    expect(await text(stdout)).toBe('');
    const lines = (await text(stderr)).split('\n');
    expect(lines).toEqual([expect.any(String), '']);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      error: { code: 'E_CONFIG', problems: [{ where: 'a.yaml:1:1' }] },
    });
  });

  it('lists the problems of a configuration a line each', async () => {
    const problems = [
      { where: 'a.yaml:1:1', message: 'one' },
      { where: `b${ESC}.yaml:1:1`, message: 'two' },
    ];
    expect(await written(false, (output) => output.failure(new ConfigError(problems)))).toBe(
      'longshore: The configuration has 2 problems:\n  a.yaml:1:1: one\n  b\\u001b.yaml:1:1: two\n',
    );
  });
});
