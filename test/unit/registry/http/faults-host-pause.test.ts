import { expect, it } from 'vitest';
import { HostPauses } from '../../../../shared/registry/http/host-pauses.ts';
import { type RecordedRequest, type Scripted, scriptedServer } from '../../../helpers/scripted-server.ts';
import { FakeTiming, failureOf, testClient } from '../client-under-test.ts';

const ORIGIN = 'https://r.example';

it('a pause holds back everybody for its rest, and spreads them', () => {
  const timing = new FakeTiming();
  const pauses = new HostPauses(timing);
  expect(pauses.waitMs(ORIGIN, 0)).toBe(0);
  pauses.pause(ORIGIN, 1_000);
  timing.pass(400);
  expect(pauses.waitMs(ORIGIN, 0)).toBe(725);
  expect(pauses.waitMs(ORIGIN, 800)).toBe(800);
  expect(pauses.waitMs('https://other.example', 0)).toBe(0);
  timing.pass(600);
  expect(pauses.waitMs(ORIGIN, 0)).toBe(0);
});

it('a shorter pause does not end a longer one', () => {
  const timing = new FakeTiming();
  const pauses = new HostPauses(timing);
  pauses.pause(ORIGIN, 1_000);
  pauses.pause(ORIGIN, 10);
  expect(pauses.waitMs(ORIGIN, 0)).toBe(1_125);
});

/** Sleeps that end when told; time stands still until then. */
class HeldTiming extends FakeTiming {
  readonly held: { readonly ms: number; readonly end: () => void }[] = [];
  override sleep = async (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.held.push({ ms, end: resolve });
    await promise;
    this.sleeps.push(ms);
  };
}

async function twoCallers(script: (request: RecordedRequest, index: number) => Scripted) {
  const server = await scriptedServer(script);
  const timing = new HeldTiming();
  const client = testClient({ timing });
  const ask = (repository: string) => client.repository({ registry: server.host, repository }).resolve('404');
  return { server, timing, ask };
}

it.each([
  ['429', { status: 429, headers: { 'retry-after': '2' } }],
  ['503', { status: 503 }],
])('a host that said %s to one call is not asked by others meanwhile', async (_status, reply) => {
  const { server, timing, ask } = await twoCallers((_request, index) =>
    index === 0 ? reply : { status: 404 },
  );
  const first = ask('acme/one');
  await expect.poll(() => timing.held.length).toBe(1);
  const second = ask('acme/two');
  await expect.poll(() => timing.held.length).toBe(2);
  expect(server.requests).toHaveLength(1);
  const [own, others] = timing.held;
  expect(others?.ms).toBeGreaterThanOrEqual(own?.ms ?? Number.POSITIVE_INFINITY);
  timing.pass(60_000);
  for (const { end } of timing.held) end();
  expect(await Promise.all([first, second])).toEqual([undefined, undefined]);
});

it('a wait so long that it is the queue’s business holds back nobody else', async () => {
  const { timing, ask } = await twoCallers((_request, index) =>
    index === 0 ? { status: 429, headers: { 'retry-after': '21600' } } : { status: 404 },
  );
  expect(await failureOf(ask('acme/one'))).toMatchObject({ code: 'E_RATE_LIMITED' });
  expect(await ask('acme/two')).toBeUndefined();
  expect(timing.held).toEqual([]);
});
