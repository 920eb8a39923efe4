/** Every call that waits takes a signal; aborting rejects with the signal's reason. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}
