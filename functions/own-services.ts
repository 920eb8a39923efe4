import type { InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/index.ts';
import { describeError } from '../shared/errors.ts';
import { contextLogger } from './context-logger.ts';
import { type Call, withinTimeLimit } from './time-limit.ts';

export type Pause = (
  ms: number,
  value?: undefined,
  options?: { readonly signal: AbortSignal },
) => Promise<unknown>;

interface Work {
  /** For the log: `import`. */
  readonly what: string;
  /** Safe to repeat. Rejects only when the app's own storage or queues failed. */
  run(app: App, call: Call): Promise<unknown>;
}

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;
/** Half of the invocation's time: what can be done at last has the other half. */
const WAIT_AT_MOST_MS = 55 * 60_000;
/** Failures of the work itself, while everything it needs answers. */
const MAX_TRIES = 5;

/**
 * Does the work of one invocation, and waits within it for the app's configuration, tables and queues as long as they do
 * not answer, at most 55 minutes. Each pause is twice as long as the one before, up to a minute; then the app is built
 * or the work is done again, so that a secret that was mended counts. Nothing was tried by then: work begins with a
 * record. If everything answers and the work fails all the same, the cause may be the message: it is tried five times,
 * and then others have their turn.
 * @throws what failed last: the trigger repeats the invocation, or gives up
 */
export async function withOwnServices(
  app: () => Promise<App>,
  { what, run }: Work,
  context: InvocationContext,
  pause: Pause,
): Promise<void> {
  const logger = contextLogger(context);
  await withinTimeLimit(context, async (call) => {
    let waitedMs = 0;
    let tries = 0;
    for (let ms = FIRST_PAUSE_MS; ; ms = Math.min(2 * ms, LONGEST_PAUSE_MS)) {
      try {
        await run(await app(), call);
        return;
      } catch (error) {
        if (await doAllAnswer(app)) tries += 1;
        const fields = { afterSeconds: ms / 1000, error: describeError(error) };
        if (tries === MAX_TRIES || waitedMs >= WAIT_AT_MOST_MS || call.signal.aborted) {
          logger.error(`${what} is given back`, {
            tries,
            waitedSeconds: waitedMs / 1000,
            error: fields.error,
          });
          throw error;
        }
        logger.warn(`${what} waits for what it needs`, fields);
        await pause(ms, undefined, { signal: call.signal });
        waitedMs += ms;
      }
    }
  });
}

async function doAllAnswer(app: () => Promise<App>): Promise<boolean> {
  try {
    return (await (await app()).ready()).every(({ ok }) => ok);
  } catch {
    return false;
  }
}
