const CALL_TIMEOUT_MS = 60_000;

export interface Login {
  readonly username: string;
  readonly password: string;
}

export interface SessionOptions {
  /** For registries that want to know who pushes, by basic authentication or by token. */
  readonly login?: Login;
  readonly signal?: AbortSignal;
}

export interface Message {
  readonly body?: Uint8Array;
  readonly contentType?: string;
}

/** Sends requests to one registry and logs in when it asks for it. */
export class RegistrySession {
  readonly #options: SessionOptions;
  #authorization: string | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** @throws Error naming the request, when the status is not one of those expected. */
  async send(
    method: string,
    url: URL,
    expected: readonly number[],
    message: Message = {},
  ): Promise<Response> {
    let response = await this.#fetch(method, url, message);
    const challenge = response.headers.get('www-authenticate');
    if (response.status === 401 && challenge !== null && this.#options.login) {
      await response.body?.cancel();
      this.#authorization = await this.#logIn(challenge, this.#options.login);
      response = await this.#fetch(method, url, message);
    }
    const text = await response.text();
    if (expected.includes(response.status)) return response;
    throw new Error(`${method} ${url.pathname} answered ${response.status}: ${text.slice(0, 500)}`);
  }

  /** The `Authorization` header that a challenge asks for. */
  async #logIn(challenge: string, { username, password }: Login): Promise<string> {
    const basic = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    const parameters = new Map(
      [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
    );
    const realm = parameters.get('realm');
    if (!challenge.startsWith('Bearer ') || realm === undefined) return basic;
    const url = new URL(realm);
    for (const name of ['service', 'scope']) {
      const value = parameters.get(name);
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const response = await fetch(url, { headers: { Authorization: basic }, signal: this.#signal() });
    const answer: unknown = await response.json();
    if (typeof answer === 'object' && answer !== null && 'token' in answer) return `Bearer ${answer.token}`;
    throw new Error(`The token endpoint ${url.pathname} answered ${response.status} and no token.`);
  }

  #fetch(method: string, url: URL, { body, contentType }: Message): Promise<Response> {
    const headers = {
      ...(contentType && { 'Content-Type': contentType }),
      ...(this.#authorization && { Authorization: this.#authorization }),
    };
    return fetch(url, { method, headers, ...(body && { body: Buffer.from(body) }), signal: this.#signal() });
  }

  #signal(): AbortSignal {
    const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS);
    return this.#options.signal ? AbortSignal.any([this.#options.signal, timeout]) : timeout;
  }
}
