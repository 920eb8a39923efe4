import { expect, it } from 'vitest';
import { toRegistryError } from '../../../../shared/registry/protocol/error-response.ts';

const codeFor = (status: number, codes: string[] = []) =>
  toRegistryError({
    operation: { name: 'fetch', subject: 'it' },
    host: 'ghcr.io',
    status,
    body: { codes, summary: '' },
  }).code;

it.each([
  [404, [], 'E_NOT_FOUND'],
  [404, ['UNKNOWN'], 'E_NOT_FOUND'],
  [400, ['MANIFEST_UNKNOWN'], 'E_NOT_FOUND'],
  [401, [], 'E_DENIED'],
  [403, ['DENIED'], 'E_DENIED'],
  [401, ['NAME_UNKNOWN'], 'E_DENIED'],
  [429, [], 'E_RATE_LIMITED'],
  [403, ['toomanyrequests'], 'E_RATE_LIMITED'],
  [408, [], 'E_UNAVAILABLE'],
  [424, [], 'E_UNAVAILABLE'],
  [500, [], 'E_UNAVAILABLE'],
  [503, ['NAME_UNKNOWN'], 'E_UNAVAILABLE'],
  [200, [], 'E_PROTOCOL'],
  [302, [], 'E_PROTOCOL'],
  [400, ['MANIFEST_INVALID'], 'E_PROTOCOL'],
  [405, ['UNSUPPORTED'], 'E_PROTOCOL'],
] as const)('%i %j is %s', (status, codes, code) => {
  expect(codeFor(status, [...codes])).toBe(code);
});

it('takes a 403 that says when to come back for a rate limit, as GitHub has it', () => {
  const refused = {
    operation: { name: 'fetch', subject: 'it' },
    host: 'ghcr.io',
    status: 403,
    body: { codes: ['DENIED'], summary: '' },
  };
  expect(toRegistryError({ ...refused, retryAfterMs: 60_000 })).toMatchObject({
    code: 'E_RATE_LIMITED',
    retryAfterMs: 60_000,
  });
});

it('says the operation, who answered what, and what to do', () => {
  const error = toRegistryError({
    operation: { name: 'fetch manifest', subject: 'docker.io/library/node:22' },
    host: 'registry-1.docker.io',
    status: 429,
    body: { codes: ['TOOMANYREQUESTS'], summary: 'TOOMANYREQUESTS: slow down' },
    retryAfterMs: 90_500,
  });
  expect(error.message).toBe(
    'Could not fetch manifest docker.io/library/node:22: registry-1.docker.io answered 429 (TOOMANYREQUESTS: slow down). Its rate limit is reached. Try again in 91 s.',
  );
  expect(error).toMatchObject({ status: 429, registryCodes: ['TOOMANYREQUESTS'], retryAfterMs: 90_500 });
});

it('that asks for credentials where none are known says where to put some', () => {
  const about = {
    operation: { name: 'resolve', subject: 'ghcr.io/a/b:1' },
    host: 'ghcr.io',
    body: { codes: [], summary: '' },
  };
  const said = (status: number, isAnonymous: boolean) =>
    toRegistryError({ ...about, status, isAnonymous }).message;
  expect(said(401, true)).toMatch(
    /No credentials are configured for it: .* longshore\.yaml, or run `docker login`/,
  );
  expect(said(401, false)).toContain('Check its credentials and their permissions');
  expect(said(404, true)).not.toContain('docker login');
});
