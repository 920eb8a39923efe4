export type FunctionsHostCode =
  | 'E_APP'
  | 'E_BINDING'
  | 'E_HOST_JSON'
  | 'E_LISTENER'
  | 'E_SETTING'
  | 'E_INVOCATION_TIMEOUT';

/**
 * The host cannot do what the app asks: the app does not load (`E_APP`), a function is declared in a way that cannot
 * run (`E_BINDING`), host.json is wrong (`E_HOST_JSON`), what a function listens to cannot be reached
 * (`E_LISTENER`), a setting is missing or malformed (`E_SETTING`), or a function
 * ran longer than `functionTimeout` (`E_INVOCATION_TIMEOUT`).
 */
export class FunctionsHostError extends Error {
  override readonly name = 'FunctionsHostError';
  readonly code: FunctionsHostCode;

  constructor(code: FunctionsHostCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The sentence of any thrown value, for a log line; Node.js leaves it out where several addresses were tried. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
