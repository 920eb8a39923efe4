import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jwtIssuer, jwtLifeMs } from '../../../../shared/registry/auth/jwt.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const SECONDS = NOW / 1000;

function jwt(claims: unknown): string {
  return `eyJhbGciOiJSUzI1NiJ9.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
}

it.each([
  ['until its end', { exp: SECONDS + 4500 }, 4_500_000],
  ['from when it was issued, when our clock is slow', { exp: SECONDS + 900, iat: SECONDS + 600 }, 300_000],
  ['until its end, when it was issued before', { exp: SECONDS + 60, iat: SECONDS - 3600 }, 60_000],
  ['unknown, when it has ended', { exp: SECONDS - 1 }, undefined],
  ['unknown, when it ends before it begins', { exp: SECONDS + 60, iat: SECONDS + 90 }, undefined],
  ['unknown, without an end', { iat: SECONDS }, undefined],
  ['unknown, when the end is no number', { exp: 'tomorrow' }, undefined],
  ['unknown, when the claims are none', [1, 2], undefined],
])('the life of a token is %s', (_, claims, lifeMs) => {
  expect(jwtLifeMs(jwt(claims), NOW)).toBe(lifeMs);
});

it.each(['opaque', 'a.b', 'a.!.c', 'a..c', `a.${'e'.repeat(70_000)}.c`, ''])(
  'text that is no token tells no life: case %#',
  (token) => {
    expect(jwtLifeMs(token, NOW)).toBeUndefined();
  },
);

it.each([
  [jwt({ iss: 'Azure Container Registry', exp: SECONDS }), 'Azure Container Registry'],
  [jwt({ iss: 7 }), undefined],
  [jwt({}), undefined],
  ['opaque', undefined],
])('the issuer is read where there is one: case %#', (token, issuer) => {
  expect(jwtIssuer(token)).toBe(issuer);
});

it('reads whatever a registry may send', () => {
  const part = fc.base64String({ maxLength: 40 });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(part, { maxLength: 4 }).map((parts) => parts.join('.')),
      ),
      (text) => {
        const lifeMs = jwtLifeMs(text, NOW);
        return lifeMs === undefined || lifeMs > 0;
      },
    ),
  );
});
