import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChallenges } from '../../../../shared/registry/auth/challenge.ts';

const read = (...lines: string[]) =>
  parseChallenges(lines).map(({ scheme, params }) => ({ scheme, ...Object.fromEntries(params) }));

describe('parseChallenges', () => {
  it.each([
    [
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/node:pull,push"',
      [
        {
          scheme: 'bearer',
          realm: 'https://auth.docker.io/token',
          service: 'registry.docker.io',
          scope: 'repository:library/node:pull,push',
        },
      ],
    ],
    ['Basic realm="Registry"', [{ scheme: 'basic', realm: 'Registry' }]],
    ['Basic', [{ scheme: 'basic' }]],
    [
      'BEARER Realm = "https://a/t" , Service=plain',
      [{ scheme: 'bearer', realm: 'https://a/t', service: 'plain' }],
    ],
    ['Basic realm="a \\"quoted\\" name"', [{ scheme: 'basic', realm: 'a "quoted" name' }]],
    [
      'Bearer realm=https://a/token,service=b',
      [{ scheme: 'bearer', realm: 'https://a/token', service: 'b' }],
    ],
    [
      'Negotiate YWJjZA==, Basic realm="x", Bearer realm="https://a/t"',
      [{ scheme: 'negotiate' }, { scheme: 'basic', realm: 'x' }, { scheme: 'bearer', realm: 'https://a/t' }],
    ],
    ['Bearer realm="first",realm="second"', [{ scheme: 'bearer', realm: 'first' }]],
    ['Bearer realm="never closed', [{ scheme: 'bearer' }, { scheme: 'realm' }]],
    ['', []],
    ['=="",,, "', []],
  ])('reads %s', (line, expected) => {
    expect(read(line)).toEqual(expected);
  });

  it('reads challenges of several header lines', () => {
    expect(read('Basic realm="a"', 'Bearer realm="b"').map(({ scheme }) => scheme)).toEqual([
      'basic',
      'bearer',
    ]);
  });

  it('gives back every well-formed challenge, whatever its quoted values hold', () => {
    const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
    const challenge = fc.record({
      scheme: token,
      params: fc.uniqueArray(fc.tuple(token, fc.string({ maxLength: 40 })), {
        selector: ([name]) => name,
        minLength: 1,
        maxLength: 5,
      }),
    });
    const quoted = (value: string) => `"${value.replace(/["\\]/g, '\\$&')}"`;
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 4 }), (challenges) => {
        const line = challenges
          .map(({ scheme, params }) => `${scheme} ${params.map(([n, v]) => `${n}=${quoted(v)}`).join(', ')}`)
          .join(', ');
        expect(
          parseChallenges([line]).map(({ scheme, params }) => ({ scheme, params: [...params] })),
        ).toEqual(challenges);
      }),
    );
  });

  it('survives any header, in time that grows with its length only', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('"', '\\', ',', '=', ' ', 'a', 'Bearer ', '/') }),
        (line) => {
          for (const { scheme } of parseChallenges([line])) expect(scheme).not.toBe('');
        },
      ),
    );
    expect(() => parseChallenges([`Bearer realm="${'\\'.repeat(1_000_000)}`])).not.toThrow();
  });
});
