import { describe, expect, it } from 'vitest';
import { checkSasToken, explainRefusal, parseSasToken } from '../../../shared/transfer/index.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const SIGNED = 'sv=2025-05-05&st=2026-11-01&se=2026-12-01T00%3A00%3A00Z&sr=c&sp=rwla&sig=SECRET%3D';

it('is read with and without the question mark in front', () => {
  expect(parseSasToken(`?${SIGNED}`)).toEqual(parseSasToken(` ${SIGNED}\n`));
  expect(parseSasToken(SIGNED)).toMatchObject({ query: SIGNED, rights: 'rwla' });
});

it.each([
  '',
  'hello',
  'https://acme.blob.core.windows.net',
  'AccountKey=SECRET',
  '?sv=1 sig=SECRET',
  `https://acme.blob.core.windows.net/c?${SIGNED}`,
])('"%s" is no SAS token, and is not repeated', (text) => {
  expect(() => parseSasToken(text)).toThrow('not a SAS token');
  expect(() => parseSasToken(text)).not.toThrow('SECRET');
});

describe('before storage is asked', () => {
  const check =
    (text: string, needed: readonly ('r' | 'w' | 'd')[] = ['r']) =>
    () =>
      checkSasToken(parseSasToken(text), needed, NOW);

  it('a token that will do is let through, also one whose rights a policy gives', () => {
    expect(check(SIGNED, ['r', 'w'])).not.toThrow();
    expect(check('sv=1&si=policy&sig=x', ['r', 'w', 'd'])).not.toThrow();
  });

  it.each([
    [
      'an expired one is named with its day',
      SIGNED.replace('2026-12-01', '2026-11-20'),
      'expired on 2026-11-20',
    ],
    [
      'so is one that is not valid yet',
      SIGNED.replace('2026-11-01', '2026-11-30'),
      'not valid before 2026-11-30',
    ],
    ['so is a service that is missing', `${SIGNED}&ss=q&srt=sco`, 'not for blobs; it has ss=q'],
    ['so is a type of resource', `${SIGNED}&ss=b&srt=c`, 'does not cover blobs in containers; it has srt=c'],
    [
      'a missing right is named with its letter',
      SIGNED.replace('rwla', 'la'),
      'lacks Read (r); it has sp=la',
    ],
  ])('%s', (_, text, reason) => {
    expect(check(text)).toThrow(
      expect.objectContaining({ code: 'E_STORAGE_DENIED', message: expect.stringContaining(reason) }),
    );
    expect(check(text)).not.toThrow('SECRET');
  });
});

it('says what the documentation asks for beyond what a refused token has', () => {
  expect(explainRefusal(parseSasToken('sp=rwl&sig=x'), 'export')).toContain('lacks Add (a)');
  expect(explainRefusal(parseSasToken('sp=r&sig=x'), 'import')).toContain('lacks List (l)');
  expect(explainRefusal(parseSasToken('sp=rl&sig=x'), 'import')).toContain('rotated');
  const more = explainRefusal(parseSasToken('sp=rl&srt=o&sip=10.0.0.1&si=weekly&sig=x'), 'import');
  for (const reason of ['srt=o', 'sip=10.0.0.1', 'policy weekly']) expect(more).toContain(reason);
});
