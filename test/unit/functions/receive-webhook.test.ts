import { HttpRequest } from '@azure/functions';
import { describe, expect, it } from 'vitest';
import { receiveWebhook } from '../../../functions/receive-webhook.ts';
import { ConfigError } from '../../../shared/errors.ts';
import type { WebhookAnswer, WebhookRequest } from '../../../shared/webhooks/index.ts';
import { createApp, createInvocation } from './invocation.ts';

const request = new HttpRequest({
  method: 'POST',
  url: 'https://longshore.test/api/webhooks/hub/s3cret',
  headers: { 'content-type': 'application/json' },
  params: { name: 'hub', secret: 's3cret' },
  body: { string: '{"a":1}' },
});

function appThat(answer: WebhookAnswer, seen: WebhookRequest[] = []) {
  const unused = () => {
    throw new Error('not expected');
  };
  return createApp({
    webhooks: {
      receive: async (given) => {
        seen.push(given);
        return answer;
      },
      followWaiting: unused,
      states: unused,
    },
  });
}

describe('the webhook function', () => {
  it('hands over the request as it is, its body unread', async () => {
    const seen: WebhookRequest[] = [];
    const app = appThat({ status: 202, body: { status: 'accepted' } }, seen);
    expect(await receiveWebhook(async () => app, request, createInvocation().context)).toEqual({
      status: 202,
      headers: { 'cache-control': 'no-store' },
      jsonBody: { status: 'accepted' },
    });
    expect(seen).toMatchObject([{ method: 'POST', name: 'hub', secret: 's3cret' }]);
    expect(seen[0]?.headers.get('Content-Type')).toBe('application/json');
  });

  it('sends no body where there is nothing to say', async () => {
    const app = appThat({ status: 404 });
    expect(await receiveWebhook(async () => app, request, createInvocation().context)).toEqual({
      status: 404,
      headers: { 'cache-control': 'no-store' },
    });
  });

  it('asks to be tried again while the app cannot be built, and says why in the log only', async () => {
    const { context, lines } = createInvocation();
    const problem = new ConfigError([{ where: 'longshore.yaml:3:5', message: 'unknown key' }]);
    expect(await receiveWebhook(() => Promise.reject(problem), request, context)).toEqual({
      status: 503,
      headers: { 'cache-control': 'no-store', 'retry-after': '60' },
    });
    expect(lines.join()).toContain('longshore.yaml:3:5: unknown key');
    expect(lines.join()).not.toContain('s3cret');
  });
});
