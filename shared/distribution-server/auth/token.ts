import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { DistributionError } from '../errors.ts';
import { jsonResponse } from '../message.ts';
import { type Access, covers, formatScope, parseScopes } from './access.ts';
import type { Authorizer } from './authorizer.ts';
import { isLogin, type Login } from './basic.ts';

export interface TokenAuthOptions extends Login {
  /** Whether requests without credentials get tokens to pull with. */
  readonly anonymousPull: boolean;
  readonly lifetimeSeconds: number;
  /** Absolute URL of the token endpoint, for the challenge. */
  readonly realm: string;
  readonly service: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const claimsSchema = z.object({
  expires: z.number(),
  access: z.array(
    z.object({
      type: z.enum(['repository', 'registry']),
      name: z.string(),
      actions: z.array(z.enum(['pull', 'push', 'delete', '*'])),
    }),
  ),
});
type Claims = z.infer<typeof claimsSchema>;

/**
 * Bearer tokens of the distribution project's "Token Authentication Specification": a refused request names realm,
 * service and scope; the realm issues short-lived tokens for what was asked and is granted. Tokens are signed with a
 * key that lives as long as the authorizer.
 */
export function tokenAuthorizer(options: TokenAuthOptions): Authorizer {
  const key = randomBytes(32);
  const sign = (text: string) => createHmac('sha256', key).update(text).digest();

  const seal = (claims: Claims): string => {
    const text = Buffer.from(JSON.stringify(claims)).toString('base64url');
    return `${text}.${sign(text).toString('base64url')}`;
  };
  const unseal = (authorization: string | undefined): Claims | undefined => {
    const [, text, signature] = /^bearer ([\w-]+)\.([\w-]+)$/i.exec(authorization ?? '') ?? [];
    if (text === undefined || signature === undefined) return undefined;
    const given = Buffer.from(signature, 'base64url');
    const right = sign(text);
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
    const claims = claimsSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    return claims.expires > options.now() ? claims : undefined;
  };

  return {
    authenticate: async (authorization) => {
      const claims = unseal(authorization);
      const problem = claims ? 'insufficient_scope' : authorization ? 'invalid_token' : undefined;
      return {
        challengeFor: (access) =>
          claims && (!access || covers(claims.access, access))
            ? undefined
            : challenge(options, access, problem),
      };
    },

    issueToken(authorization, query) {
      const isKnown = authorization !== undefined && isLogin(authorization, options);
      if (!isKnown && (authorization !== undefined || !options.anonymousPull)) {
        throw new DistributionError('UNAUTHORIZED', 'The user name or password is wrong.', {
          headers: { 'WWW-Authenticate': `Basic realm="${options.service}"` },
        });
      }
      const asked = parseScopes(query.getAll('scope'));
      const granted = isKnown ? asked : asked.map(pullOnly);
      const now = options.now();
      const token = seal({
        expires: now + options.lifetimeSeconds * 1000,
        access: granted.map((access) => ({ ...access, actions: [...access.actions] })),
      });
      return jsonResponse(200, {
        token,
        access_token: token,
        expires_in: options.lifetimeSeconds,
        issued_at: new Date(now).toISOString(),
      });
    },
  };
}

function challenge(
  { realm, service }: TokenAuthOptions,
  access: Access | undefined,
  problem: string | undefined,
): string {
  const parameters = { realm, service, scope: access && formatScope(access), error: problem };
  return `Bearer ${Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',')}`;
}

function pullOnly(access: Access): Access {
  const actions = access.type === 'repository' ? access.actions.filter((action) => action === 'pull') : [];
  return { ...access, actions };
}
