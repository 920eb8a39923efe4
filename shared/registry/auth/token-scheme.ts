import { z } from 'zod';
import { RegistryError } from '../../errors.ts';
import { parseJson } from '../protocol/json.ts';
import { readRefusal } from '../read-refusal.ts';
import { type HttpResponse, type Reach, readBounded, type Send, type Timing } from '../transport/index.ts';
import type { Credentials } from '../types.ts';
import { basicHeader } from './basic-scheme.ts';
import type { Scheme } from './scheme.ts';
import { type Token, TokenCache } from './token-cache.ts';

const MAX_ANSWER_BYTES = 64 * 1024;
/** For one token with all its retries; nobody else bounds a request that callers share. */
const TOTAL_TIMEOUT_MS = 60_000;
/** Distribution's token specification: a life that is not given is 60 seconds. */
const DEFAULT_LIFE_S = 60;
const MAX_LIFE_S = 24 * 60 * 60;

const answerSchema = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().positive().optional().catch(undefined),
});

export interface TokenServer {
  /** The registry that sends us here, for messages. */
  readonly registry: string;
  readonly realm: URL;
  readonly service: string | undefined;
  readonly reach: Reach;
}

/** Distribution's token flow (docs/spec/auth/token.md): `GET realm`, with Basic when there are credentials. */
export function tokenScheme(
  server: TokenServer,
  credentials: (signal?: AbortSignal) => Promise<Credentials | undefined>,
  send: Send,
  timing: Timing,
): Scheme {
  const fetchToken = async (key: string): Promise<Token> => {
    const signal = AbortSignal.timeout(TOTAL_TIMEOUT_MS);
    const known = await credentials(signal);
    const response = await send({
      method: 'GET',
      url: tokenUrl(server, key === '' ? [] : key.split(' ')),
      reach: server.reach,
      headers: { accept: 'application/json', ...(known && { authorization: basicHeader(known) }) },
      signal,
    });
    return await readToken(server, response, timing);
  };
  const cache = new TokenCache(fetchToken, timing);
  return {
    async header(scopes, signal) {
      return `Bearer ${await cache.get(keyOf(scopes), signal)}`;
    },
    forget(scopes, refused) {
      cache.forget(keyOf(scopes), refused.slice('Bearer '.length));
    },
  };
}

function keyOf(scopes: readonly string[]): string {
  return scopes.join(' ');
}

function tokenUrl({ realm, service }: TokenServer, scopes: readonly string[]): URL {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  return url;
}

async function readToken(
  { registry, realm }: TokenServer,
  response: HttpResponse,
  timing: Timing,
): Promise<Token> {
  const what = `get a token for ${registry}`;
  if (response.status !== 200) {
    const error = await readRefusal(response, what, timing.now());
    // A token server that is not there says nothing about the content we are after.
    throw error.code === 'E_NOT_FOUND' ? malformed(what, realm, `answered ${response.status}`) : error;
  }
  const bytes = await readBounded(response, { maxBytes: MAX_ANSWER_BYTES, timeoutMs: TOTAL_TIMEOUT_MS });
  const answer = answerSchema.safeParse(parseJson(bytes));
  const value = answer.data?.token || answer.data?.access_token;
  if (!value || !/^[\x21-\x7e]+$/.test(value)) throw malformed(what, realm, 'answered without a token');
  return { value, lifeMs: Math.min(answer.data?.expires_in ?? DEFAULT_LIFE_S, MAX_LIFE_S) * 1000 };
}

function malformed(what: string, realm: URL, how: string): RegistryError {
  return new RegistryError(
    'E_PROTOCOL',
    `Could not ${what}: ${realm.host} ${how}. The registry's realm does not lead to a token server.`,
  );
}
