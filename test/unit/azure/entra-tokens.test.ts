import {
  AggregateAuthenticationError,
  AuthenticationError,
  CredentialUnavailableError,
} from '@azure/identity';
import { describe, expect, it } from 'vitest';
import { createEntraTokens } from '../../../shared/azure/index.ts';
import { InvalidInputError } from '../../../shared/errors.ts';

const SCOPE = 'https://containerregistry.azure.net/.default';

const failing = (error: unknown) =>
  createEntraTokens(async () => ({ getToken: () => Promise.reject(error) }));

describe('a token of Entra', () => {
  it('is for the scope, of the identity that is named', async () => {
    const asked: unknown[] = [];
    const tokens = createEntraTokens(async (clientId) => ({
      getToken: async (scope) => {
        asked.push([clientId, scope]);
        return { token: 'entra', expiresOnTimestamp: 0 };
      },
    }));
    expect(await tokens.token(SCOPE)).toBe('entra');
    await tokens.token(SCOPE, { clientId: 'one-of-several' });
    expect(asked).toEqual([
      [undefined, SCOPE],
      ['one-of-several', SCOPE],
    ]);
  });

  it.each([
    [new CredentialUnavailableError('nothing here'), 'E_UNAVAILABLE', 'az login'],
    [new AggregateAuthenticationError([], 'tried all'), 'E_UNAVAILABLE', 'az login'],
    [
      new AuthenticationError(400, {
        error: 'invalid_resource',
        error_description: 'AADSTS500011: The resource principal was not found. Trace: s3cret',
      }),
      'E_DENIED',
      '(400, AADSTS500011)',
    ],
    [new AuthenticationError(503, {}), 'E_NETWORK', 'Try again later'],
    [new Error('s3cret'), 'E_NETWORK', SCOPE],
    [new InvalidInputError('E_ARGUMENT', 'known by name'), 'E_ARGUMENT', 'known by name'],
  ])('that there is none, for %s, says what to do', async (error, code, how) => {
    const failure = await failing(error)
      .token(SCOPE)
      .catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code, message: expect.stringContaining(how) });
    expect(failure).not.toMatchObject({ cause: expect.anything() });
    expect(String(failure)).not.toContain('s3cret');
  });

  it('is given up with the reason of whoever waits', async () => {
    const controller = new AbortController();
    const tokens = createEntraTokens(async () => ({
      getToken: (_, options) =>
        new Promise((_resolve, reject) => {
          options?.abortSignal?.addEventListener('abort', () => reject(new Error('AbortError')));
          controller.abort(new Error('enough'));
        }),
    }));
    await expect(tokens.token(SCOPE, { signal: controller.signal })).rejects.toThrow('enough');
  });
});
