import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatReference,
  isTag,
  parseReference,
  parseRepositoryName,
  withDefaultTag,
} from '../../../shared/content/index.ts';
import { InvalidInputError } from '../../../shared/errors.ts';
import { digest, reference, tag } from './arbitrary-references.ts';

const SHA256 = `sha256:${'0f'.repeat(32)}`;
const SHA512 = `sha512:${'0f'.repeat(64)}`;
const refused = (reason: string | RegExp) =>
  expect.objectContaining({ code: 'E_REFERENCE', message: expect.stringMatching(reason) });

describe('parseReference', () => {
  it.each([
    ['node', 'docker.io', 'library/node'],
    ['acme/app', 'docker.io', 'acme/app'],
    ['docker.io/node', 'docker.io', 'library/node'],
    ['docker.io/library/node', 'docker.io', 'library/node'],
    ['docker.io/acme/app', 'docker.io', 'acme/app'],
    ['index.docker.io/node', 'docker.io', 'library/node'],
    ['index.docker.io/acme/app', 'docker.io', 'acme/app'],
    ['ghcr.io/app', 'ghcr.io', 'app'],
    ['ghcr.io/a/b/c/d', 'ghcr.io', 'a/b/c/d'],
    ['localhost/app', 'localhost', 'app'],
    ['localhost:5000/app', 'localhost:5000', 'app'],
    ['harbor:443/a/b', 'harbor:443', 'a/b'],
    ['127.0.0.1/app', '127.0.0.1', 'app'],
    ['[::1]/app', '[::1]', 'app'],
    ['[2001:db8::1]:5000/app', '[2001:db8::1]:5000', 'app'],
    ['Registry/app', 'Registry', 'app'],
    ['registry-1.example.com/a-b/c_d/e__f/g---h/i.j', 'registry-1.example.com', 'a-b/c_d/e__f/g---h/i.j'],
    ['local-host/app', 'docker.io', 'local-host/app'],
  ])('reads %s as docker does', (text, registry, repository) => {
    expect(parseReference(text)).toEqual({ registry, repository });
  });

  it.each([
    ['node:22', { tag: '22' }],
    ['node:v1.2.3-alpine_RC.1', { tag: 'v1.2.3-alpine_RC.1' }],
    [`node:${'a'.repeat(128)}`, { tag: 'a'.repeat(128) }],
    [`node@${SHA256}`, { digest: SHA256 }],
    [`node@${SHA512}`, { digest: SHA512 }],
    [`node:22@${SHA256}`, { tag: '22', digest: SHA256 }],
  ])('reads tag and digest of %s', (text, rest) => {
    expect(parseReference(text)).toEqual({ registry: 'docker.io', repository: 'library/node', ...rest });
  });

  it('tells a port from a tag', () => {
    expect(parseReference('localhost:5000')).toEqual({
      registry: 'docker.io',
      repository: 'library/localhost',
      tag: '5000',
    });
    const name = { registry: 'localhost:5000', repository: 'app' };
    expect(parseReference('localhost:5000/app:1')).toEqual({ ...name, tag: '1' });
    expect(parseReference(`localhost:5000/app@${SHA256}`)).toEqual({ ...name, digest: SHA256 });
  });

  it.each([
    ['', 'is not a repository'],
    [':22', 'is not a repository'],
    [`@${SHA256}`, 'is not a repository'],
    ['/node', 'is not a repository'],
    ['ghcr.io/', 'is not a repository'],
    ['a//b', 'is not a repository'],
    ['a/b/', 'is not a repository'],
    ['-a', 'is not a repository'],
    ['a-', 'is not a repository'],
    ['a..b', 'is not a repository'],
    ['a___b', 'is not a repository'],
    ['a._b', 'is not a repository'],
    ['a b', 'is not a repository'],
    [' node', 'is not a repository'],
    ['node\n', 'is not a repository'],
    ['nöde', 'is not a repository'],
    ['Node', 'must be lower case'],
    ['acme/App', 'must be lower case'],
    ['ghcr.io/ACME/app', 'must be lower case'],
    ['https://ghcr.io/app', 'leave out "https://"'],
    ['-bad.example/app', 'is not a registry host'],
    ['bad-.example/app', 'is not a registry host'],
    ['host:/app', 'is not a registry host'],
    ['host:port/app', 'is not a registry host'],
    ['user:pw@ghcr.io/app', 'is not a sha256'],
    ['..:80/app', 'is not a registry host'],
    ['node:', 'is not a tag'],
    ['node:.a', 'is not a tag'],
    ['node:-a', 'is not a tag'],
    ['node:a+b', 'is not a tag'],
    [`node:${'a'.repeat(129)}`, 'is not a tag'],
    ['node:22\n', 'is not a tag'],
    ['node@', 'is not a sha256'],
    ['node@sha256:00', 'is not a sha256'],
    [`node@${SHA256.toUpperCase()}`, 'is not a sha256'],
    [`node@sha256:${'0F'.repeat(32)}`, 'is not a sha256'],
    [`node@${SHA256}@${SHA256}`, 'is not a sha256'],
    [`node@${SHA256}:22`, 'is not a sha256'],
    ['0f'.repeat(32), 'hexadecimal image id'],
    [`ghcr.io/${'a'.repeat(256)}`, 'at most 255'],
    [`docker.io/${'a'.repeat(248)}`, 'at most 255'],
    ['a/'.repeat(600), 'longer than 1024'],
  ])('refuses %j and says why', (text, reason) => {
    expect(() => parseReference(text)).toThrow(refused(reason));
  });

  it.each([
    'user:hunter2@host/app:1',
    'https://user:hunter2@host/app:1',
    'user:hunter2@pa@ss@host/app:1',
    `user:hunter2@host/app@${SHA256}`,
    `user:hunter2@${'host/'.repeat(300)}app`,
  ])('does not repeat the login that was typed into %j', (text) => {
    for (const parse of [parseReference, parseRepositoryName]) {
      expect(() => parse(text)).toThrow(
        expect.objectContaining({
          code: 'E_REFERENCE',
          message: expect.not.stringMatching(/hunter2|user|pa@/),
        }),
      );
    }
  });

  it('takes the longest repository there may be, and 64 hexadecimal digits with a tag', () => {
    const longest = 'a'.repeat(255);
    expect(parseReference(`ghcr.io/${longest}`).repository).toBe(longest);
    expect(parseReference(`${'0f'.repeat(32)}:1`).tag).toBe('1');
  });

  it('gives back what formatReference wrote', () => {
    fc.assert(
      fc.property(reference, (value) => {
        expect(parseReference(formatReference(value))).toEqual(value);
      }),
    );
  });

  it('gives for any text either a reference that stays the same or a refusal', () => {
    const parts = fc.constantFrom(
      'a',
      'A',
      '0',
      '.',
      '-',
      '_',
      '/',
      ':',
      '@',
      '[',
      ']',
      'localhost',
      'docker.io',
      'index.docker.io',
      SHA256,
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(parts, { maxLength: 12 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (input) => {
        let value: ReturnType<typeof parseReference>;
        try {
          value = parseReference(input);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInputError);
          return;
        }
        expect(parseReference(formatReference(value))).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['separators', `${'a-'.repeat(500)}!`],
    ['dashes', `a${'-'.repeat(1000)}!`],
    ['underscores', `${'a__'.repeat(330)}!`],
    ['a host of dots', `${'a.'.repeat(500)}!/b`],
    ['a host of dashes', `${'a-'.repeat(500)}.b!/c`],
    ['a host of letters', `${'aA'.repeat(500)}-/b`],
    ['colons', ':'.repeat(1024)],
    ['a very long text', 'a/'.repeat(2_000_000)],
  ])('refuses hostile %s without long thought, in a short message', (_, text) => {
    // Backtracking would take longer than any test may.
    expect(() => parseReference(text)).toThrow(InvalidInputError);
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^.{0,3000}$/s) }),
    );
  });
});

describe('parseRepositoryName', () => {
  it('reads a name without tag and digest', () => {
    expect(parseRepositoryName('node')).toEqual({ registry: 'docker.io', repository: 'library/node' });
  });

  it.each(['node:22', `node@${SHA256}`])('refuses %s', (text) => {
    expect(() => parseRepositoryName(text)).toThrow(refused('without tag or digest'));
  });
});

describe('withDefaultTag', () => {
  const name = { registry: 'docker.io', repository: 'library/node' };

  it('adds latest where nothing was given', () => {
    expect(withDefaultTag(name)).toEqual({ ...name, tag: 'latest' });
  });

  it('leaves a tag or digest as it is', () => {
    fc.assert(
      fc.property(tag, digest, (someTag, someDigest) => {
        expect(withDefaultTag({ ...name, tag: someTag })).toEqual({ ...name, tag: someTag });
        expect(withDefaultTag({ ...name, digest: someDigest })).toEqual({ ...name, digest: someDigest });
      }),
    );
  });
});

describe('isTag', () => {
  it('takes every tag of the distribution grammar', () => {
    fc.assert(fc.property(tag, isTag));
  });

  it.each(['', '.a', '-a', 'a/b', 'a:b', 'ä', 'a '.repeat(2), 'a\n'])('refuses %j', (text) => {
    expect(isTag(text)).toBe(false);
  });
});
