import * as z from 'zod';
import { RegistryError, TransportError } from '../../errors.ts';
import {
  type HttpResponse,
  type Reach,
  readBounded,
  readErrorResponse,
  type Send,
  type Timing,
} from '../http/index.ts';
import { contextOf, couldNot, type Operation, parseJson } from '../protocol/index.ts';
import { basicHeader } from './basic-scheme.ts';
import type { Fetched } from './expiring-cache.ts';
import { jwtLifeMs } from './jwt.ts';
import { secretsIn } from './secrets-in.ts';

const MAX_ANSWER_BYTES = 64 * 1024;
const ANSWER_TIMEOUT_MS = 60_000;
/** Distribution's token specification: a life that is not given is 60 seconds. */
const DEFAULT_LIFE_S = 60;
const MAX_LIFE_MS = 24 * 60 * 60 * 1000;
const CLIENT_ID = 'longshore';

const answerSchema = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  refresh_token: z.string().optional(),
  expires_in: z.number().positive().optional().catch(undefined),
});

/** Where the tokens of one registry come from, and how to get there. */
export interface TokenServer {
  readonly registry: { readonly name: string; readonly origin: URL };
  readonly realm: URL;
  readonly service: string | undefined;
  readonly reach: Reach;
  readonly send: Send;
  readonly timing: Timing;
}

export interface Login {
  readonly username: string;
  readonly password: string;
}

interface Question {
  readonly url: URL;
  readonly authorization?: string | undefined;
  /** Posted when given. Its values hold secrets. */
  readonly form?: URLSearchParams;
  /** The field of the answer that holds the token. */
  readonly field: 'access_token' | 'refresh_token';
  readonly signal: AbortSignal;
}

/** Distribution's token flow (docs/spec/auth/token.md): `GET realm`, with Basic when there is a login. */
export async function getToken(
  server: TokenServer,
  scopes: readonly string[],
  login: Login | undefined,
  signal: AbortSignal,
): Promise<Fetched<string>> {
  const url = new URL(server.realm);
  if (server.service !== undefined) url.searchParams.set('service', server.service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const authorization = login && basicHeader(login.username, login.password);
  return await ask(server, { url, authorization, field: 'access_token', signal });
}

/** The OAuth2 form of the flow (docs/spec/auth/oauth.md): an access token for a refresh token. */
export async function redeemRefreshToken(
  server: TokenServer,
  scopes: readonly string[],
  refreshToken: string,
  signal: AbortSignal,
): Promise<Fetched<string>> {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    service: serviceOf(server),
    client_id: CLIENT_ID,
    refresh_token: refreshToken,
  });
  for (const scope of scopes) form.append('scope', scope);
  return await ask(server, { url: server.realm, form, field: 'access_token', signal });
}

/** Azure's own step before it: a refresh token of the registry for a token of Entra (docs/AAD-OAuth.md). */
export async function exchangeEntraToken(
  server: TokenServer,
  entraToken: string,
  signal: AbortSignal,
): Promise<Fetched<string>> {
  const form = new URLSearchParams({
    grant_type: 'access_token',
    service: serviceOf(server),
    access_token: entraToken,
  });
  const url = new URL('/oauth2/exchange', server.registry.origin);
  return await ask(server, { url, form, field: 'refresh_token', signal });
}

function serviceOf({ service, registry }: TokenServer): string {
  return service ?? registry.origin.host;
}

async function ask(server: TokenServer, question: Question): Promise<Fetched<string>> {
  const { url, field } = question;
  const answer = answerSchema.safeParse(parseJson(await wholeAnswer(server, question))).data;
  const value = field === 'refresh_token' ? answer?.refresh_token : answer?.token || answer?.access_token;
  if (!value || !/^[\x21-\x7e]+$/.test(value)) {
    throw malformed(operationFor(server), url, 'answered without a token');
  }
  const givenMs = answer?.expires_in === undefined ? undefined : answer.expires_in * 1000;
  const lifeMs = givenMs ?? jwtLifeMs(value, server.timing.now()) ?? DEFAULT_LIFE_S * 1000;
  return { value, lifeMs: Math.min(lifeMs, MAX_LIFE_MS) };
}

/** Asks once more where an answer breaks off; `send` sees to all that goes wrong before it begins. */
async function wholeAnswer(server: TokenServer, question: Question): Promise<Uint8Array> {
  const bounds = { maxBytes: MAX_ANSWER_BYTES, timeoutMs: ANSWER_TIMEOUT_MS };
  const response = await goodAnswer(server, question);
  try {
    return await readBounded(response, bounds);
  } catch (error) {
    if (!(error instanceof TransportError) || error.code === 'E_TOO_LARGE') throw error;
    return await readBounded(await goodAnswer(server, question), bounds);
  }
}

async function goodAnswer(server: TokenServer, question: Question): Promise<HttpResponse> {
  const { registry, reach, send, timing } = server;
  const { url, authorization, form, signal } = question;
  const operation = operationFor(server);
  const response = await send({
    method: form ? 'POST' : 'GET',
    url,
    reach,
    headers: {
      accept: 'application/json',
      ...(authorization !== undefined && { authorization }),
      ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
    },
    ...(form && { body: Buffer.from(form.toString()), confidential: true }),
    signal,
  });
  if (response.status === 200) return response;
  const secrets = [
    ...secretsIn(authorization),
    ...(form?.getAll('refresh_token') ?? []),
    ...(form?.getAll('access_token') ?? []),
  ];
  const error = await readErrorResponse(response, operation, timing.now(), secrets, secrets.length === 0);
  if (form && NO_POST.has(response.status)) throw notTaken(registry.name, response.status);
  // A token server that is not there says nothing about the content we are after.
  if (error.code === 'E_NOT_FOUND') throw malformed(operation, url, `answered ${response.status}`);
  throw form && response.status === 400 ? invalidGrant(registry.name, error) : error;
}

function operationFor({ registry }: TokenServer): Operation {
  return { name: 'get token', subject: `for ${registry.name}` };
}

/** The OAuth2 form of the flow is optional; these are the answers of servers without it. */
const NO_POST = new Set([404, 405]);

function notTaken(registry: string, status: number): RegistryError {
  return new RegistryError(
    'E_DENIED',
    `${registry} takes no identity but a user name with a password (${status}). Configure credentials with username and password for it; a token is often taken as the password of any user.`,
    { status },
  );
}

/** OAuth2 says 400 where others say 401 (RFC 6749 section 5.2). */
function invalidGrant(registry: string, cause: RegistryError): RegistryError {
  const { status = 400, registryCodes } = cause;
  return new RegistryError('E_DENIED', `${registry} does not take the token it was shown. Renew it.`, {
    status,
    registryCodes,
    cause,
  });
}

function malformed(operation: Operation, { host }: URL, how: string): RegistryError {
  return new RegistryError(
    'E_PROTOCOL',
    `${couldNot(operation)}: ${host} ${how}. The registry's realm does not lead to a token server.`,
    contextOf(operation),
  );
}
