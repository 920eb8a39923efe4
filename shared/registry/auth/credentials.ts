import type { CallOptions } from '../http/index.ts';

/** The identity to use at one registry. */
export type Credentials =
  /** A user, robot account, service principal or repository token with its password. */
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /**
   * A token without a user name: one issued by the registry's own token server, or a Microsoft Entra access token for
   * an Azure container registry.
   */
  | { readonly kind: 'token'; readonly token: string }
  /**
   * A Microsoft Entra identity, for Azure container registries. `token` gives an access token for a scope such as
   * `https://containerregistry.azure.net/.default`; when it fails, another scope is tried.
   */
  | { readonly kind: 'entra'; token(scope: string, options?: CallOptions): Promise<string> };

/** Where credentials come from. `undefined` means anonymous access. Asked again after a registry refused them. */
export interface CredentialSource {
  credentialsFor(registry: string, options?: CallOptions): Promise<Credentials | undefined>;
}
