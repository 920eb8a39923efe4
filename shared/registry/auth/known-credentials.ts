import type { Timing } from '../http/index.ts';
import type { Credentials } from './credentials.ts';
import { ExpiringCache } from './expiring-cache.ts';

/** Credentials of one registry, asked for when first needed. */
export interface KnownCredentials {
  /** `undefined`: go anonymously. */
  get(signal?: AbortSignal): Promise<Credentials | undefined>;
  /** They were refused: ask again next time, for a password may have been changed. */
  forget(refused: Credentials): void;
}

/** Sources may be a vault or a program; a thousand tokens must not ask them a thousand times. */
const REMEMBERED_MS = 5 * 60_000;
const ANSWER_TIMEOUT_MS = 60_000;

export function rememberCredentials(
  ask: (signal: AbortSignal) => Promise<Credentials | undefined>,
  timing: Pick<Timing, 'now'>,
): KnownCredentials {
  const cache = new ExpiringCache(
    async () => ({ value: await ask(AbortSignal.timeout(ANSWER_TIMEOUT_MS)), lifeMs: REMEMBERED_MS }),
    timing,
  );
  return {
    get: (signal) => cache.get('', signal),
    forget: (refused) => cache.forget('', refused),
  };
}
