import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import type { App } from '../shared/app/index.ts';

const NO_STORE = { 'cache-control': 'no-store' };

/** `GET /api/health/live`: the process answers. */
export function live(): HttpResponseInit {
  return { jsonBody: { status: 'ok' }, headers: NO_STORE };
}

/**
 * `GET /api/health/ready`: asks every dependency and names those that fail. 200 when all answer, else 503.
 * The configuration counts as one: an app that cannot be built is alive but not ready.
 */
export async function ready(app: () => Promise<App>, _request: HttpRequest): Promise<HttpResponseInit> {
  const checks = await app().then(
    (built) => built.ready(),
    (error: unknown) => [{ name: 'configuration', ok: false, detail: String(error) }],
  );
  const ok = checks.every((check) => check.ok);
  return {
    status: ok ? 200 : 503,
    jsonBody: { status: ok ? 'ok' : 'unavailable', checks },
    headers: NO_STORE,
  };
}
