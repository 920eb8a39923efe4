/** One way of proving who we are to one registry. Each identity scheme is a file beside this one. */
export interface Scheme {
  /** The `Authorization` header for requests with these scopes; `undefined` when there is nothing to show. */
  header(scopes: readonly string[], signal: AbortSignal | undefined): Promise<string | undefined>;
  /** The registry refused this header for these scopes: do not give it again. */
  forget(scopes: readonly string[], refused: string): void;
}
