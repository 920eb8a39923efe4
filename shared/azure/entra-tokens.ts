import type { TokenCredential } from '@azure/identity';
import { withDeadline } from '../deadline.ts';
import { type ErrorContext, LongshoreError, RegistryError, TransportError } from '../errors.ts';

/** The developer's credentials start programs of their own, which take seconds. */
const TIMEOUT_MS = 30_000;

export interface TokenOptions {
  readonly clientId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Access tokens of Microsoft Entra for the identity that the program runs as. */
export interface EntraTokens {
  /**
   * @throws RegistryError `E_DENIED` when Entra refuses that scope, `E_UNAVAILABLE` when no identity is at hand;
   * TransportError when Entra does not answer. None holds a token.
   */
  token(scope: string, options?: TokenOptions): Promise<string>;
}

/** @param credential the identity, or the user-assigned one of that client ID; it keeps its tokens itself */
export function createEntraTokens(credential: (clientId?: string) => Promise<TokenCredential>): EntraTokens {
  return {
    async token(scope, { clientId, signal } = {}) {
      try {
        const identity = await credential(clientId);
        const answer = await withDeadline(
          TIMEOUT_MS,
          'Microsoft Entra did not answer',
          (abortSignal) => identity.getToken(scope, { abortSignal }),
          signal,
        );
        if (answer) return answer.token;
      } catch (error) {
        signal?.throwIfAborted();
        throw identityFailure(error, `a token for ${scope}`);
      }
      throw noIdentity(`a token for ${scope}`, { operation: 'get token' });
    },
  };
}

const NO_IDENTITY = ['CredentialUnavailableError', 'AggregateAuthenticationError'];

/** Whether it is the identity library's own, among the failures of a client that uses it. */
export function isIdentityFailure(error: unknown): boolean {
  return error instanceof Error && [...NO_IDENTITY, 'AuthenticationError'].includes(error.name);
}

/**
 * What the identity library threw, in our words and without it: its errors keep the request they belong to.
 * Looked at by name, for loading the library to ask costs more than the failure.
 * @param what what was wanted, such as `a token for Azure Storage`
 * @param context what was done that needed it, and where
 */
export function identityFailure(
  error: unknown,
  what: string,
  context: ErrorContext = { operation: 'get token' },
): LongshoreError {
  if (error instanceof LongshoreError) return error;
  const name = error instanceof Error ? error.name : '';
  if (NO_IDENTITY.includes(name)) return noIdentity(what, context);
  const message = error instanceof Error ? error.message : '';
  const status = statusOf(error);
  const details = [status, /\bAADSTS\d+\b/.exec(message)?.[0]]
    .filter((part) => part !== undefined)
    .join(', ');
  const answered = `Microsoft Entra did not give ${what}${details && ` (${details})`}.`;
  if (name === 'AuthenticationError' && status !== undefined && [400, 401, 403].includes(status)) {
    const advice = 'Check the identity of this program, its tenant and what it may use.';
    return new RegistryError('E_DENIED', `${answered} ${advice}`, { ...context, status });
  }
  return new TransportError('E_NETWORK', `${answered} Try again later.`, context);
}

function noIdentity(what: string, context: ErrorContext): RegistryError {
  return new RegistryError(
    'E_UNAVAILABLE',
    `This program has no Microsoft Entra identity that gives ${what}. In Azure assign a managed identity to it; on your own machine sign in, for example with "az login".`,
    context,
  );
}

export function statusOf(error: unknown): number | undefined {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}
