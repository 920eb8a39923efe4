import type { HttpResponseInit, InvocationContext } from '@azure/functions';
import type { App, Check } from '../shared/app/index.ts';
import { describeError } from '../shared/errors.ts';
import { contextLogger } from './context-logger.ts';

const headers = { 'cache-control': 'no-store' };

/** `GET /api/health/live`: the process responds. */
export function live(): HttpResponseInit {
  return { jsonBody: { status: 'ok' }, headers };
}

/**
 * `GET /api/health/ready`: checks every dependency and names those that fail. 200 when all answer, else 503.
 * The configuration counts as one: an app that cannot be built is alive but not ready. Details go to the log only,
 * because the endpoint is anonymous.
 */
export async function ready(app: () => Promise<App>, context: InvocationContext): Promise<HttpResponseInit> {
  const checks = await app().then((built) => built.ready(), unusableConfiguration);
  const logger = contextLogger(context);
  for (const { name, ok, detail } of checks) {
    if (!ok) logger.error('dependency is not ready', { name, detail });
  }
  const ok = checks.every((check) => check.ok);
  return {
    status: ok ? 200 : 503,
    jsonBody: {
      status: ok ? 'ok' : 'unavailable',
      checks: checks.map((check) => ({ name: check.name, ok: check.ok })),
    },
    headers,
  };
}

function unusableConfiguration(error: unknown): readonly Check[] {
  return [{ name: 'configuration', ok: false, detail: describeError(error) }];
}
