import * as z from 'zod';
import { parseJson } from '../protocol/index.ts';

/** Far above what registries issue; the bound is for what is decoded. */
const MAX_CHARS = 64 * 1024;
const lifeSchema = z.object({ exp: z.number(), iat: z.number().optional().catch(undefined) });
const issuerSchema = z.object({ iss: z.string() });

/**
 * How long a token says it lives from `now` (milliseconds since the epoch), in milliseconds; `undefined` unless it
 * is a JWT (RFC 7519) that has not ended. Nothing is verified: who issued it decides what it is worth, we only
 * learn when to ask for the next. `exp - iat` counts too, for our clock may be slow.
 */
export function jwtLifeMs(token: string, now: number): number | undefined {
  const claims = lifeSchema.safeParse(claimsOf(token)).data;
  if (!claims) return undefined;
  const { exp, iat = Number.NEGATIVE_INFINITY } = claims;
  const lifeMs = Math.min(exp * 1000 - now, (exp - iat) * 1000);
  return lifeMs > 0 ? lifeMs : undefined;
}

/** Who a token says it comes from; `undefined` unless it is a JWT that says so. Nothing is verified. */
export function jwtIssuer(token: string): string | undefined {
  return issuerSchema.safeParse(claimsOf(token)).data?.iss;
}

function claimsOf(token: string): unknown {
  if (token.length > MAX_CHARS) return undefined;
  const [, payload] = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(token) ?? [];
  return payload === undefined ? undefined : parseJson(Buffer.from(payload, 'base64url'));
}
