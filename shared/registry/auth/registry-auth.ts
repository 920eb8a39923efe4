import type { Reach, Send, Timing } from '../transport/index.ts';
import type { Credentials } from '../types.ts';
import { basicScheme } from './basic-scheme.ts';
import type { Challenge } from './challenge.ts';
import { parseRealm } from './realm.ts';
import type { Scheme } from './scheme.ts';
import { type Access, actionsIn, type Need, scopeOf } from './scope.ts';
import { tokenScheme } from './token-scheme.ts';

export interface AuthParts {
  readonly registry: { readonly name: string; readonly origin: URL };
  readonly reach: Reach;
  readonly credentials: (signal?: AbortSignal) => Promise<Credentials | undefined>;
  readonly send: Send;
  readonly timing: Timing;
}

/**
 * What one registry wants to see, learnt from its challenges, and shown from then on without being asked
 * again. Holds the tokens of one identity.
 */
export class RegistryAuth {
  readonly #parts: AuthParts;
  readonly #learned = new Map<Access, readonly string[]>();
  #scheme: Scheme | undefined;
  #schemeKey = '';

  constructor(parts: AuthParts) {
    this.#parts = parts;
  }

  /** Whether the registry has told how it wants to be addressed. */
  get isKnown(): boolean {
    return this.#scheme !== undefined;
  }

  /** The header to send now; `undefined` while the registry has not asked for any. */
  async header(needs: readonly Need[], signal?: AbortSignal): Promise<string | undefined> {
    return await this.#scheme?.header(this.#scopes(needs), signal);
  }

  /**
   * Takes in a 401. Resolves to another header worth one more try, or `undefined` when there is none.
   * @param refused the header that the refused request had
   */
  async answer(
    challenges: readonly Challenge[],
    needs: readonly Need[],
    refused: string | undefined,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    if (refused !== undefined) this.#scheme?.forget(this.#scopes(needs), refused);
    const challenge =
      challenges.find(({ scheme, params }) => scheme === 'bearer' && params.has('realm')) ??
      challenges.find(({ scheme }) => scheme === 'basic');
    if (challenge) {
      this.#adopt(challenge);
      this.#learn(challenge, needs);
    }
    const header = await this.header(needs, signal);
    return header === refused ? undefined : header;
  }

  #adopt({ scheme, params }: Challenge): void {
    const { registry, reach, credentials, send, timing } = this.#parts;
    const realm = params.get('realm') ?? '';
    const service = params.get('service');
    const key = scheme === 'basic' ? 'basic' : JSON.stringify([realm, service]);
    if (key === this.#schemeKey) return;
    this.#scheme =
      scheme === 'basic'
        ? basicScheme(credentials)
        : tokenScheme(
            { registry: registry.name, realm: parseRealm(realm, registry), service, reach },
            credentials,
            send,
            timing,
          );
    this.#schemeKey = key;
  }

  /** A challenge says what the request would have needed, which may be more than the specification has it. */
  #learn({ params }: Challenge, needs: readonly Need[]): void {
    for (const need of needs) {
      const wanted = actionsIn(params.get('scope'), need);
      if (wanted.length > 0) this.#learned.set(need.access, wanted);
    }
  }

  #scopes(needs: readonly Need[]): readonly string[] {
    return needs.map((need) => scopeOf(need, this.#learned));
  }
}
