import { describe, expect, it, onTestFinished } from 'vitest';
import { parseRepositoryName } from '../../shared/content/index.ts';
import {
  ArchiveError,
  ConfigError,
  IntegrityError,
  InvalidInputError,
  isRetryable,
  PolicyError,
  RegistryError,
  StorageError,
  TransportError,
} from '../../shared/errors.ts';
import { createRegistryClient } from '../../shared/registry/index.ts';
import { scriptedServer } from '../helpers/scripted-server.ts';

it.each([
  [new RegistryError('E_UNAVAILABLE', ''), true],
  [new RegistryError('E_RATE_LIMITED', ''), true],
  [new RegistryError('E_DENIED', ''), false],
  [new RegistryError('E_NOT_FOUND', ''), false],
  [new RegistryError('E_PROTOCOL', ''), false],
  [new TransportError('E_NETWORK', ''), true],
  [new TransportError('E_TIMEOUT', ''), true],
  [new TransportError('E_TOO_LARGE', ''), false],
  [new IntegrityError('E_DIGEST_MISMATCH', ''), true],
  [new ArchiveError('E_ARCHIVE_INCOMPLETE', ''), true],
  [new ArchiveError('E_ARCHIVE_FORMAT', ''), false],
  [new PolicyError('later'), true],
  [new StorageError('E_STORAGE_DENIED', ''), false],
  [new InvalidInputError('E_ARGUMENT', ''), false],
  [new ConfigError([]), false],
])('%o is retryable: %s', (error, retryable) => {
  expect(error.retryable).toBe(retryable);
});

it('what is not known by name may succeed later', () => {
  expect(isRetryable(new Error('unexpected'))).toBe(true);
});

describe('an error of a repository', () => {
  async function failuresOf(...sides: ('source' | 'target' | undefined)[]) {
    const server = await scriptedServer(() => ({ status: 404 }));
    const client = createRegistryClient();
    onTestFinished(() => client.close());
    const name = parseRepositoryName(`${server.host}/acme/app`);
    const calls = sides.map((side) => client.repository(name, { side }).fetchManifest('1'));
    return (await Promise.allSettled(calls)).map((call) => (call.status === 'rejected' ? call.reason : call));
  }

  it('carries what failed', async () => {
    const [error] = await failuresOf(undefined);
    expect(error).toMatchObject({ code: 'E_NOT_FOUND', operation: 'fetch manifest', side: undefined });
  });

  it('carries the side the repository was opened as, also when both are one repository at the same time', async () => {
    expect(await failuresOf('source', 'target')).toMatchObject([{ side: 'source' }, { side: 'target' }]);
  });
});
