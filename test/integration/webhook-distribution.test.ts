import { expect, onTestFinished } from 'vitest';
import { buildImageIndex, pushContent } from '../../local/demo-content/index.ts';
import { changedReferences } from '../../shared/webhooks/change-event.ts';
import { SENDERS } from '../../shared/webhooks/senders/index.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { describeWithProgram } from '../helpers/programs.ts';
import { scriptedServer } from '../helpers/scripted-server.ts';

describeWithProgram('docker-registry', 'notifications of the distribution registry', {
  'tell of the pushed tag, once among all their events, with the header that was configured': async () => {
    const receiver = await scriptedServer(() => ({ status: 202 }));
    const registry = await startDockerRegistry({
      notify: { url: `${receiver.url}/api/webhooks/hub`, authorization: 'Bearer the-secret' },
    });
    if (!registry) throw new Error('docker-registry is not installed.');
    onTestFinished(() => registry[Symbol.asyncDispose]());
    const image = await buildImageIndex({ seed: 'announced' });
    await pushContent(registry.url, 'team/app', ['1.2'], image);

    const told = () =>
      receiver.requests.flatMap(({ body, headers }) => {
        expect(headers.authorization).toBe('Bearer the-secret');
        const notification = SENDERS.distribution.read(JSON.parse(body.toString()), new Headers());
        expect(['events', 'ignored']).toContain(notification.kind);
        return notification.kind === 'events'
          ? [...changedReferences(registry.host, notification.events)]
          : [];
      });
    await expect.poll(told, { timeout: 15_000 }).toEqual([[`${registry.host}/team/app`, ['1.2']]]);
    expect(receiver.requests[0]?.headers['content-type']).toMatch(
      /^application\/vnd\.docker\.distribution\.events\.v[12]\+json$/,
    );
  },
});
