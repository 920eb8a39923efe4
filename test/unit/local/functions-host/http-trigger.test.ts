import { expect, onTestFinished, test } from 'vitest';
import { startHttpListener } from '../../../../local/functions-host/http-trigger.ts';
import type { HostedFunction } from '../../../../local/functions-host/invocation.ts';
import { createWork } from '../../../../local/functions-host/work.ts';

function httpFunction(name: string, route?: string): HostedFunction {
  const trigger = {
    direction: 'in',
    type: 'httpTrigger',
    methods: ['GET'],
    ...(route && { route }),
  } as const;
  return {
    name,
    triggerName: 'request',
    trigger,
    callback: () => {},
    metadata: { name, bindings: {} },
  };
}

/** Names the function that answers a path; `undefined` when there is none. */
async function listen(routePrefix: string, functions: readonly HostedFunction[]) {
  let called: string | undefined;
  const listener = await startHttpListener({
    functions,
    port: 0,
    limits: { routePrefix, maxRequestBodySize: 1000 },
    streamUri: undefined,
    invoke: async (fn) => {
      called = fn.name;
      return { result: undefined, response: {} };
    },
    runByHand: () => undefined,
    work: createWork(),
    log: () => {},
  });
  onTestFinished(() => listener.release());
  return async (path: string) => {
    called = undefined;
    await fetch(`${listener.url}${path}`);
    return called;
  };
}

test.each([
  ['api', '/api/health/live', 'live'],
  ['api', '/api/ready', 'ready'],
  ['api', '/health/live', undefined],
  ['', '/health/live', 'live'],
  ['', '/ready', 'ready'],
  ['', '/api/ready', undefined],
  ['a/b', '/a/b/ready', 'ready'],
])('with routePrefix "%s" the path %s is that of %s', async (prefix, path, name) => {
  const functionAt = await listen(prefix, [httpFunction('live', 'health/live'), httpFunction('ready')]);
  expect(await functionAt(path)).toBe(name);
});

test('with an empty routePrefix a route may take every path that no other takes', async () => {
  const functionAt = await listen('', [
    httpFunction('registry', 'v2/{*rest}'),
    httpFunction('live', 'api/live'),
  ]);
  expect(await functionAt('/v2/')).toBe('registry');
  expect(await functionAt('/v2/a/b/manifests/1')).toBe('registry');
  expect(await functionAt('/api/live')).toBe('live');
});
