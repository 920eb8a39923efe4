import { expect, it } from 'vitest';
import { runCli } from '../helpers/cli.ts';

const SAS = '?sv=2025-05-05&se=2020-01-01&sp=rwl&sr=c&sig=SECRET%3D';
const KEY = '-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----';
const BLOB = 'https://acme.blob.core.windows.net/outbound/shop.tar';

it.each([
  ['a SAS token in place of its source', ['archive', 'show', BLOB, '--sas-token', SAS], 'where it is kept'],
  [
    'a URL with a SAS token as its source',
    ['archive', 'show', BLOB, '--sas-token', `${BLOB}${SAS}`],
    'where it is kept',
  ],
  [
    'a key in place of its source',
    ['export', 'a.io/b:1', '--to', 'b.tar', '--sign-key', KEY],
    'where it is kept',
  ],
  ['a key to verify with', ['archive', 'show', BLOB, '--verify-key', KEY], 'where it is kept'],
  ['an address with an expired token', ['archive', 'show', `${BLOB}${SAS}`], 'expired on 2020-01-01'],
  ['an address that is none', ['archive', 'show', `ftp://acme.example/a${SAS}`], 'only https'],
  ['an address without https', ['archive', 'show', `acme.example/a${SAS}`], 'not a URL'],
  [
    'an address without a blob',
    ['archive', 'show', `https://acme.blob.core.windows.net/a${SAS}`],
    'names no blob',
  ],
  ['a variable with a whole URL', ['archive', 'show', BLOB, '--sas-token', 'env:SAS_URL'], 'not a SAS token'],
])('%s is repeated nowhere', async (_, args, expected) => {
  for (const more of [[], ['--json']]) {
    const { exitCode, stdout, stderr } = await runCli([...args, ...more], {
      environment: { SAS_URL: `${BLOB}${SAS}` },
    });
    expect(exitCode).not.toBe(0);
    expect(`${stdout}${stderr}`).toContain(expected);
    expect(`${stdout}${stderr}`).not.toContain('SECRET');
  }
});
