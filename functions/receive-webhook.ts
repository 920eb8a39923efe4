import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/index.ts';
import { describeError } from '../shared/errors.ts';
import { contextLogger } from './context-logger.ts';

/**
 * `POST /api/webhooks/NAME[/SECRET]`: receives a registry's notification. Anonymous for the host: the webhook itself
 * authenticates the sender. Responds within seconds: 202 when the notification is stored or irrelevant, 503 when the
 * sender should try again.
 */
export async function receiveWebhook(
  app: () => Promise<App>,
  request: HttpRequest,
  context: InvocationContext,
): Promise<HttpResponseInit> {
  const logger = contextLogger(context);
  try {
    const { webhooks } = await app();
    const { method, headers, body, params } = request;
    const { name = '', secret } = params;
    const answer = await webhooks.receive({ method, name, secret, headers, body }, { logger });
    return {
      status: answer.status,
      headers: { 'cache-control': 'no-store', ...answer.headers },
      ...(answer.body && { jsonBody: answer.body }),
    };
  } catch (error) {
    logger.error('webhook failed', { error: describeError(error) });
    return { status: 503, headers: { 'cache-control': 'no-store', 'retry-after': '60' } };
  }
}
