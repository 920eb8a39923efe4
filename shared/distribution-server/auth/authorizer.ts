import type { EndpointResponse } from '../message.ts';
import type { Access } from './access.ts';

/** Who sends a request, as far as its credentials tell. */
export interface Identity {
  /**
   * `undefined` when this access is granted; else the `WWW-Authenticate` challenge that says how to get it.
   * Without `access`: whether the credentials are valid at all.
   */
  challengeFor(access: Access | undefined): string | undefined;
}

/** Decides about access by the `Authorization` header. */
export interface Authorizer {
  /** Invalid credentials give an identity without access, not an error. */
  authenticate(authorization: string | undefined, call: { readonly signal: AbortSignal }): Promise<Identity>;
  /** Answers `GET /token`, where there is a token endpoint. */
  readonly issueToken?: (authorization: string | undefined, query: URLSearchParams) => EndpointResponse;
}

/** Every client may do everything. */
export const unrestricted: Authorizer = {
  authenticate: async () => ({ challengeFor: () => undefined }),
};
