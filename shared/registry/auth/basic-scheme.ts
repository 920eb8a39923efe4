import type { Credentials } from '../types.ts';
import type { Scheme } from './scheme.ts';

/** User name and password with every request (RFC 7617). The source is asked each time, so a rotated password counts. */
export function basicScheme(credentials: (signal?: AbortSignal) => Promise<Credentials | undefined>): Scheme {
  return {
    async header(_scopes, signal) {
      const known = await credentials(signal);
      return known && basicHeader(known);
    },
    forget() {},
  };
}

export function basicHeader({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}
