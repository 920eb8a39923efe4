import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { longshoreQueues } from '../../../local/queues.ts';
import { startServiceBusEmulator } from '../../../local/service-bus/index.ts';
import { connectPorts } from '../../../shared/app/connect.ts';
import { createApp } from '../../../shared/app/create-app.ts';
import { parseConfig, type Settings } from '../../../shared/config/index.ts';

async function listen(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** A port that leads to another one and knows which connections are open. */
async function countConnections(port: number): Promise<{ port: number; open: ReadonlySet<Socket> }> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    const onward = connect(port, '127.0.0.1');
    open.add(socket);
    socket.pipe(onward).pipe(socket);
    for (const side of [socket, onward]) side.on('error', () => {});
    socket.once('close', () => {
      open.delete(socket);
      onward.destroy();
    });
    onward.once('close', () => socket.destroy());
  });
  const own = await listen(server);
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { port: own, open };
}

/** Table storage that lets nobody in. */
async function startClosedTables(): Promise<string> {
  const server = createHttpServer((_, response) => response.writeHead(403).end());
  const port = await listen(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${port}/acme`;
}

it('uses what it is given only when asked, and keeps no connection to the broker after closing', async () => {
  await using broker = await startServiceBusEmulator({
    queues: longshoreQueues(),
  });
  const proxy = await countConnections(broker.port);
  const tables = await startClosedTables();
  const config = parseConfig('watches: []\n', 'longshore.yaml', {});
  const settings: Settings = {
    config: { kind: 'file', path: 'longshore.yaml' },
    serviceBus: {
      kind: 'connectionString',
      value: broker.connectionString.replace(`:${broker.port}`, `:${proxy.port}`),
    },
    storage: {
      kind: 'connectionString',
      value: `DefaultEndpointsProtocol=http;AccountName=acme;AccountKey=a2V5;TableEndpoint=${tables};`,
    },
    importsQueue: 'imports',
    pollsQueue: 'polls',
    transfersQueue: 'transfers',
    transferContainer: 'transfer',
  };
  const app = createApp(config, connectPorts(config, settings, {}));
  expect(proxy.open.size).toBe(0);

  expect(await app.ready()).toMatchObject([
    { name: 'tables', ok: false },
    { name: 'queue', ok: true },
    { name: 'set-aside queue', ok: true },
    { name: 'polls queue', ok: true },
    { name: 'transfers queue', ok: true },
  ]);
  expect(await app.runImport('no job')).toMatchObject({
    kind: 'dead-lettered',
    code: 'E_JOB',
  });
  expect(broker.stats('imports-set-aside').active).toBe(1);
  expect(proxy.open.size).toBeGreaterThan(0);

  await app.close();
  await expect.poll(() => proxy.open.size).toBe(0);
});
