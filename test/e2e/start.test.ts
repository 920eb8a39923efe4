import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 90_000 });

const ROOT = path.resolve(import.meta.dirname, '../..');
const SETTINGS = path.join(ROOT, '.longshore/local.settings.json');
const LONG = { timeout: 60_000, interval: 100 };

/** Runs a command in a process group of its own, as a shell does: `interrupt` is Ctrl+C. */
function run(command: string, args: readonly string[]) {
  const child = spawn(command, args, { cwd: ROOT, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    said += more;
  });
  const complaints = text(child.stderr);
  const ended = once(child, 'close').then(async ([code]) => ({ code, complaints: await complaints }));
  const signal = (name: NodeJS.Signals) => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, name);
  };
  onTestFinished(async () => {
    signal('SIGKILL');
    await ended;
  });
  return {
    ended,
    said: () => said,
    untilSaid: (what: string) => expect.poll(() => said, LONG).toContain(what),
    interrupt: () => signal('SIGINT'),
  };
}

/** Every address of this machine in a text. */
function portsIn(said: string): readonly number[] {
  return [...new Set([...said.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port)))];
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Those of the ports where something listens. */
async function openOf(ports: readonly number[]): Promise<readonly number[]> {
  const open = await Promise.all(ports.map(isOpen));
  return ports.filter((_, at) => open[at]);
}

/** Listens where people expect a service, unless somebody does already. */
async function occupy(port: number): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1');
  onTestFinished(() => void server.close());
  await Promise.race([once(server, 'listening'), once(server, 'error')]).catch(() => {});
}

test('npm start -- --once shows every step, ends with exit code 0, and leaves nothing behind', async () => {
  const taken = [5000, 7071, 10_000];
  for (const port of taken) await occupy(port);
  const start = run('npm', ['start', '--', '--once']);
  await start.untilSaid('are up');
  const settings = readFileSync(SETTINGS, 'utf8');

  expect(await start.ended).toMatchObject({ code: 0 });
  const steps = start
    .said()
    .split('\n')
    .filter((line) => line.startsWith('✓'));
  expect(steps).toEqual(
    [
      'Service Bus, storage and functions are up',
      'pushed 5 tags to the upstream',
      'tags in 127.0.0.1:\\d+, digests equal',
      'HEADs and no pull',
      'upstream moved base/node:22, and mirror/node:22 followed',
      'airgap/shop:1.1 was imported',
      'health/ready answers 200',
    ].map((step) => expect.stringMatching(step)),
  );
  expect(start.said()).not.toMatch(/^[!✗]/m);
  const ports = [...portsIn(start.said()), ...portsIn(settings)];
  expect(ports.length).toBeGreaterThan(5);
  expect(ports.filter((port) => taken.includes(port))).toEqual([]);
  expect(await openOf(ports)).toEqual([]);
  expect(existsSync(SETTINGS)).toBe(false);
});

test('npm start stays up until Ctrl+C, and then ends in good order', async () => {
  const start = run(process.execPath, ['local/start.ts']);
  await start.untilSaid('Ctrl+C ends everything.');
  const ports = [...portsIn(start.said()), ...portsIn(readFileSync(SETTINGS, 'utf8'))];
  expect(await openOf(ports)).toEqual(ports);

  start.interrupt();
  expect(await start.ended).toEqual({ code: 0, complaints: '' });
  expect(start.said()).not.toMatch(/^[!✗]/m);
  expect(await openOf(ports)).toEqual([]);
  expect(existsSync(SETTINGS)).toBe(false);
});

test('interrupted before everything was seen, --once does not end as if it was', async () => {
  const start = run(process.execPath, ['local/start.ts', '--once']);
  await start.untilSaid('are up');
  start.interrupt();
  expect(await start.ended).toEqual({ code: 1, complaints: '' });
  expect(start.said()).toContain('✗ Interrupted.');
  expect(existsSync(SETTINGS)).toBe(false);
});
