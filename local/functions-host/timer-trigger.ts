import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from './errors.ts';
import type { HostedFunction, TriggerInput } from './invocation.ts';
import { expandSettings } from './settings.ts';
import { parseTimerSchedule } from './timer-schedule.ts';
import { requiredOption, type Trigger, type TriggerHost } from './trigger.ts';

/** Node.js takes no longer timer than this. */
const longestDelayMs = 2 ** 31 - 1;

/**
 * Runs a function on its schedule, and at once with `runOnStartup`. The next occurrence is looked for when a run has
 * ended, so a function never overlaps itself and occurrences that pass meanwhile are left out, as in Azure.
 *
 * Occurrences missed while the host was down are not made up for: `isPastDue` is always false, and `scheduleStatus` is
 * about this process only (absent with `useMonitor: false`).
 */
export function createTimerTrigger(
  fn: HostedFunction,
  { settings, invoke, work, log }: TriggerHost,
): Trigger {
  const schedule = parseTimerSchedule(
    expandSettings(requiredOption(fn, 'schedule'), settings),
    settings.WEBSITE_TIME_ZONE,
  );
  const monitored = fn.trigger.useMonitor !== false;
  const stopping = new AbortController();
  let last: Date | undefined;

  function input(now: Date): TriggerInput {
    const next = schedule.next(now);
    const status = {
      Last: (last ?? new Date(0)).toISOString(),
      Next: (next ?? new Date(0)).toISOString(),
      LastUpdated: (last ?? now).toISOString(),
    };
    const timer = {
      Schedule: { AdjustForDST: true },
      ScheduleStatus: monitored ? status : null,
      IsPastDue: false,
    };
    return { data: { json: JSON.stringify(timer) } };
  }

  async function run(reason: string): Promise<void> {
    const now = new Date();
    // The log has the failure; the schedule goes on.
    await work.track(invoke(fn, input(now), { reason })).catch(() => {});
    last = now;
  }

  async function follow(signal: AbortSignal): Promise<void> {
    if (fn.trigger.runOnStartup === true) await run('Timer fired at startup');
    while (!signal.aborted) {
      const next = schedule.next(new Date());
      if (next === undefined) return;
      await until(next, signal);
      if (!signal.aborted) await run(`Timer fired at ${next.toISOString()}`);
    }
  }

  return {
    start: async () => {
      follow(stopping.signal).catch((error: unknown) =>
        log('error', 'Host', `The timer of ${fn.name} has stopped: ${messageOf(error)}`),
      );
    },
    stop: async () => stopping.abort(),
    release: async () => {},
    inputByHand: async () => input(new Date()),
  };
}

/** Waits until the clock shows `time`, never less: a timer may fire a little early. */
async function until(time: Date, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const remaining = time.getTime() - Date.now();
    if (remaining <= 0) return;
    await delay(Math.min(remaining, longestDelayMs), undefined, { signal }).catch(() => {});
  }
}
