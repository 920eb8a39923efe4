import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { beforeAll, expect, vi } from 'vitest';

/** How long connections, processes and files that are being closed may take, in milliseconds. */
const CLOSING_MS = 10_000;
const LOOK_AGAIN_MS = 5;

/** Timers that are still wanted cannot be told from vitest's own; the port leads to its main thread. */
const ALWAYS_OPEN: ReadonlySet<string> = new Set(['MessagePort', 'Timeout', 'Immediate']);

/**
 * A test file shares its worker with others and leaves it as it was: environment, folder, clock, globals and signal
 * handlers, and no server, connection, child process or file open. This runs around every file of the project `shared`,
 * and fails the one that left something.
 */
const before = sharedState();
const openBefore = openResources();

// What the first `beforeAll` gives is called last, after all that the file itself cleans up.
beforeAll(() => checkNothingIsLeft);

async function checkNothingIsLeft(): Promise<void> {
  expect(vi.isFakeTimers(), 'the clock is still a fake one').toBe(false);
  const after = sharedState();
  const changed = Object.keys(before).filter((name) => !isDeepStrictEqual(after[name], before[name]));
  expect(changed, 'this file changed what it shares with others').toEqual([]);
  const deadline = performance.now() + CLOSING_MS;
  while (leftOpen().length > 0 && performance.now() < deadline) await delay(LOOK_AGAIN_MS);
  expect(leftOpen(), 'this file left something open').toEqual([]);
}

function sharedState(): Readonly<Record<string, unknown>> {
  return {
    environment: { ...process.env },
    folder: process.cwd(),
    'handlers of signals': process.eventNames().filter((name) => String(name).startsWith('SIG')),
    clock: [Date, setTimeout, setInterval, setImmediate, performance.now],
    'Math.random': Math.random,
    fetch: globalThis.fetch,
  };
}

function openResources(): readonly string[] {
  return process.getActiveResourcesInfo().filter((resource) => !ALWAYS_OPEN.has(resource));
}

/** What is open now and was not before, one entry for each. */
function leftOpen(): readonly string[] {
  const known = [...openBefore];
  return openResources().filter((resource) => {
    const at = known.indexOf(resource);
    if (at === -1) return true;
    known.splice(at, 1);
    return false;
  });
}
