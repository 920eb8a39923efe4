import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { buildImageIndex, pushContent } from '../../local/demo-content/index.ts';
import { runCli } from '../helpers/cli.ts';
import { RunningLongshore } from '../helpers/running-longshore.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let longshore: RunningLongshore;
const log: string[] = [];

/** Polled at once and then not before next year: what is copied later was told of. */
function configuration({ upstream, target }: { readonly upstream: string; readonly target: string }): string {
  return `
registries:
  ${JSON.stringify(target)}:
    credentials: { username: longshore, password: { env: TARGET_PASSWORD } }
webhooks:
  - { name: upstream, from: distribution, registry: "${upstream}", secret: { env: WEBHOOK_SECRET } }
watches:
  - { name: app, source: ${upstream}/team/app, target: ${target}/mirror/app, tags: "1.*", schedule: "0 0 1 1 *" }
`;
}

beforeAll(async () => {
  longshore = await RunningLongshore.start({
    configuration,
    onLog: (_level, _category, message) => void log.push(message),
  });
});
afterAll(() => longshore?.close());

async function notify(secret: string | undefined, tag: string): Promise<number> {
  const event = { id: '1', action: 'push', target: { repository: 'team/app', tag, digest: 'sha256:any' } };
  const response = await fetch(`${longshore.url}/api/webhooks/upstream`, {
    method: 'POST',
    headers: {
      'content-type': 'application/vnd.docker.distribution.events.v1+json',
      ...(secret !== undefined && { authorization: `Bearer ${secret}` }),
    },
    body: JSON.stringify({ events: [event] }),
  });
  await response.body?.cancel();
  return response.status;
}

test('a push notification imports the image once, also beside polls, and unauthenticated senders are refused', async () => {
  const { stack } = longshore;
  await expect.poll(() => log.join('\n'), { timeout: 30_000 }).toMatch(/watch polled .*"watch":"app"/);
  const image = await buildImageIndex({ seed: 'told of' });
  await pushContent(stack.upstream.url, 'team/app', ['1.2'], image);

  for (const wrong of [undefined, '', `${stack.settings.WEBHOOK_SECRET}x`]) {
    expect(await notify(wrong, '1.2')).toBe(404);
  }
  expect(await fetch(`${longshore.url}/api/webhooks/nobody/x`, { method: 'OPTIONS' })).toMatchObject({
    status: 404,
  });
  expect(await longshore.recordsFor(`${stack.target.host}/mirror/app:1.2`)).toEqual([]);

  const secret = stack.settings.WEBHOOK_SECRET;
  const poll = () => runCli(['poll', '--json'], { environment: stack.settings });
  const notified = Promise.all([1, 2, 3].map(() => notify(secret, '1.2')));
  const polled = await Promise.all([poll(), poll()]);
  expect(polled.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  expect(await notified).toEqual([202, 202, 202]);
  await longshore.seeCopy('mirror/app', '1.2', image);
  await longshore.seeRecord(`${stack.target.host}/mirror/app:1.2`, { state: 'succeeded', attempts: 1 });
  await longshore.seeQueueDone();

  const { stdout } = await runCli(['webhooks', 'list'], { environment: stack.settings });
  expect(stdout).toMatch(
    /^upstream +distribution +\S+ +\/api\/webhooks\/upstream +Auth.* 1 +\d{4}-\d\d-\d\d /m,
  );
  expect(stdout + log.join('\n')).not.toContain(String(secret));

  const metrics = await fetch(`${longshore.url}/api/metrics`);
  expect(metrics.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await metrics.text();
  expect(text).toContain('longshore_watch_tags{watch="app"} 1\n');
  expect(text).toMatch(/^longshore_watch_lag_seconds\{watch="app",quantile="0\.95"\} \d+(\.\d+)?$/m);
  expect(text).not.toMatch(/^longshore_watch_tags_behind\{/m);
});

test('a body that is too large is answered before it was sent', async () => {
  const response = await fetch(`${longshore.url}/api/webhooks/upstream`, {
    method: 'POST',
    headers: {
      authorization: String(longshore.stack.settings.WEBHOOK_SECRET),
      // The connection ends with this response, and must not be used for the next request.
      connection: 'close',
    },
    body: Buffer.alloc(3 * 1024 * 1024),
  });
  expect(response.status).toBe(413);
});
