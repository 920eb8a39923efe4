import type { Answer } from '../answer.ts';
import type { Access } from './access.ts';

/** Decides who may do what, from the `Authorization` header alone. */
export interface Authorizer {
  /** @throws Refusal `UNAUTHORIZED` with a challenge, when the request may not do that. */
  demand(authorization: string | undefined, access: Access | undefined): void;
  permits(authorization: string | undefined, access: Access): boolean;
  /** Answers the token endpoint, where there is one. */
  issueToken?(authorization: string | undefined, query: URLSearchParams): Answer;
}

/** Everybody may do everything. */
export const openToAll: Authorizer = { demand: () => undefined, permits: () => true };
