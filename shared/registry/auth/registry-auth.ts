import { RegistryError } from '../../errors.ts';
import type { Reach, Send, Timing } from '../http/index.ts';
import { isAzureTokenServer } from './azure.ts';
import { basicScheme } from './basic-scheme.ts';
import type { Challenge } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import { type KnownCredentials, rememberCredentials } from './known-credentials.ts';
import { parseRealm } from './realm.ts';
import type { Scheme } from './scheme.ts';
import { type Access, actionsIn, isSpecified, type RequiredScope, scopeOf } from './scope.ts';
import { tokenScheme } from './token-scheme.ts';

export interface AuthParts {
  readonly registry: { readonly name: string; readonly origin: URL };
  readonly reach: Reach;
  readonly credentials: (signal: AbortSignal) => Promise<Credentials | undefined>;
  readonly send: Send;
  readonly timing: Timing;
}

/**
 * What one registry wants to see, learnt from its challenges, and shown from then on without being asked
 * again. Holds the credentials and tokens of one identity at one origin.
 */
export class RegistryAuth {
  readonly #parts: AuthParts;
  readonly #credentials: KnownCredentials;
  readonly #learned = new Map<Access, readonly string[]>();
  #scheme: Scheme | undefined;
  #schemeKey = '';

  constructor(parts: AuthParts) {
    this.#parts = parts;
    this.#credentials = rememberCredentials(parts.credentials, parts.timing);
  }

  /** Whether the registry has told how it wants to be addressed. */
  get isKnown(): boolean {
    return this.#scheme !== undefined;
  }

  /** Who we are; `undefined` is anonymous. */
  async credentials(signal?: AbortSignal): Promise<Credentials | undefined> {
    return await this.#credentials.get(signal);
  }

  /** The header to send now; `undefined` while the registry has not asked for any. */
  async header(required: readonly RequiredScope[], signal?: AbortSignal): Promise<string | undefined> {
    try {
      return await this.#scheme?.header(this.#scopes(required), signal);
    } catch (error) {
      if (!this.#learnWildcard(error, required)) throw error;
      return await this.#scheme?.header(this.#scopes(required), signal);
    }
  }

  /**
   * Takes in a 401. Resolves to another header worth one more try, or `undefined` when there is none.
   * @param refused the header that the refused request had
   */
  async answer(
    challenges: readonly Challenge[],
    required: readonly RequiredScope[],
    refused: string | undefined,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    if (refused !== undefined) this.#scheme?.forget(this.#scopes(required), refused);
    const challenge =
      challenges.find(({ scheme, params }) => scheme === 'bearer' && params.has('realm')) ??
      challenges.find(({ scheme }) => scheme === 'basic');
    if (challenge) {
      await this.#adopt(challenge, signal);
      this.#learn(challenge, required, refused !== undefined);
    }
    const header = await this.header(required, signal);
    return header === refused ? undefined : header;
  }

  async #adopt({ scheme, params }: Challenge, signal: AbortSignal | undefined): Promise<void> {
    const { registry, reach, send, timing } = this.#parts;
    const service = params.get('service');
    const key = scheme === 'basic' ? 'basic' : JSON.stringify([params.get('realm'), service]);
    if (key === this.#schemeKey) return;
    if (scheme === 'basic') {
      this.#scheme = basicScheme(registry.name, this.#credentials);
    } else {
      const realm = parseRealm(params.get('realm') ?? '', registry);
      // Azure gives listings of tags for this only, and strangers have nothing to gain by asking for it.
      if (isAzureTokenServer(realm, registry.origin) && (await this.#credentials.get(signal))) {
        this.#learned.set('list', ['metadata_read']);
      }
      // Others were refused in the meantime: they share their tokens with us.
      if (key === this.#schemeKey) return;
      this.#scheme = tokenScheme({ registry, realm, service, reach, send, timing }, this.#credentials);
    }
    this.#schemeKey = key;
  }

  /**
   * A challenge says what the request would have needed, which may be more than the specification has it. What the
   * specification knows is believed only once a token without it was refused: NVIDIA names `push` for every pull.
   */
  #learn({ params }: Challenge, required: readonly RequiredScope[], wasRefused: boolean): void {
    for (const scope of required) {
      const named = actionsIn(params.get('scope'), scope);
      const wanted = wasRefused ? named : named.filter((action) => !isSpecified(action));
      if (wanted.length > 0) this.#learned.set(scope.access, wanted);
    }
  }

  /** Quay knows no `delete`, refuses every scope that has it, and calls it `*`. */
  #learnWildcard(error: unknown, required: readonly RequiredScope[]): boolean {
    const mayHelp =
      error instanceof RegistryError &&
      error.status === 400 &&
      required.some(({ access }) => access === 'delete') &&
      !this.#learned.get('delete')?.includes('*');
    if (mayHelp) this.#learned.set('delete', ['*']);
    return mayHelp;
  }

  #scopes(required: readonly RequiredScope[]): readonly string[] {
    return required.map((scope) => scopeOf(scope, this.#learned));
  }
}
