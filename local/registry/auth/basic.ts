import { createHash, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../errors.ts';
import type { Access } from './access.ts';
import type { Authorizer } from './authorizer.ts';

export interface Login {
  readonly username: string;
  readonly password: string;
}

const CHALLENGE = { 'WWW-Authenticate': 'Basic realm="registry"' };

/** One user who may do everything, by HTTP Basic (RFC 7617); optionally others may pull. */
export function basicAuthorizer(login: Login, anonymousPull: boolean): Authorizer {
  const permits = (authorization: string | undefined, access: Access | undefined): boolean =>
    authorization === undefined ? anonymousPull && isPull(access) : isLogin(authorization, login);
  return {
    permits,
    demand(authorization, access) {
      if (permits(authorization, access)) return;
      throw new Refusal('UNAUTHORIZED', 'A user name and password are required.', { headers: CHALLENGE });
    },
  };
}

/** Whether a header is the right `Basic` credentials. Takes the same time whatever was wrong. */
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
