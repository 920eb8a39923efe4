import { createHash, timingSafeEqual } from 'node:crypto';
import type { Access } from './access.ts';
import type { Authorizer } from './authorizer.ts';

export interface Login {
  readonly username: string;
  readonly password: string;
}

const CHALLENGE = 'Basic realm="registry"';

/** One user with full access, by HTTP Basic (RFC 7617); with `anonymousPull`, everyone else may pull. */
export function basicAuthorizer(login: Login, anonymousPull: boolean): Authorizer {
  return {
    authenticate: async (authorization) => {
      const isKnown = authorization !== undefined && isLogin(authorization, login);
      const mayPull = authorization === undefined && anonymousPull;
      return {
        challengeFor: (access) => (isKnown || (mayPull && isPull(access)) ? undefined : CHALLENGE),
      };
    },
  };
}

/** Whether a header holds this login as `Basic` credentials. Takes the same time for every wrong one. */
export function isLogin(authorization: string, { username, password }: Login): boolean {
  const given = /^basic ([a-z0-9+/=]+)$/i.exec(authorization)?.[1] ?? '';
  const wanted = Buffer.from(`${username}:${password}`);
  return timingSafeEqual(sha256(Buffer.from(given, 'base64')), sha256(wanted));
}

function isPull(access: Access | undefined): boolean {
  return access === undefined || (access.type === 'repository' && access.actions.every((a) => a === 'pull'));
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}
