import { RegistryError } from '../../errors.ts';
import type { Credentials } from './credentials.ts';
import type { KnownCredentials } from './known-credentials.ts';
import type { Scheme } from './scheme.ts';

/** User name and password with every request (RFC 7617). */
export function basicScheme(registry: string, credentials: KnownCredentials): Scheme {
  let shown: { readonly header: string; readonly from: Credentials } | undefined;
  return {
    async header(_scopes, signal) {
      const known = await credentials.get(signal);
      if (!known) return undefined;
      if (known.kind !== 'password') {
        throw new RegistryError(
          'E_DENIED',
          `${registry} asks for a user name and password, and takes no other identity. Configure credentials with username and password for it.`,
        );
      }
      shown = { header: basicHeader(known.username, known.password), from: known };
      return shown.header;
    },
    forget(_scopes, refused) {
      if (shown?.header === refused) credentials.forget(shown.from);
    },
  };
}

export function basicHeader(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}
