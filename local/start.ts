/**
 * `npm start`: everything on this machine. Starts the services, pushes demo images to an upstream, shows how they and
 * a later change reach the target, and stays up. With `--once` it ends after that: exit code 0 only if every step
 * was seen in the target.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type App, loadApp } from '../shared/app/index.ts';
import { describeError } from '../shared/errors.ts';
import { demoConfiguration } from './demo-configuration.ts';
import { createLiveView, type LiveView } from './live-view.ts';
import type { AnsweredRequest } from './registry/index.ts';
import { playScenario } from './scenario.ts';
import { type Stack, startStack } from './stack.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
/** Where commands look for the settings of a stack that runs on this machine. */
const LOCAL_SETTINGS = path.join(ROOT, '.longshore', 'local.settings.json');
const VIEW_EVERY_MS = 300;

const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stop.abort(new Error('Interrupted.')));
const folder = await mkdtemp(path.join(tmpdir(), 'longshore-'));
const view = createLiveView(process.stdout);
try {
  await run();
} catch (error) {
  if (!stop.signal.aborted || values.once) {
    view.line(`✗ ${describeError(error)}`);
    process.exitCode = 1;
  }
} finally {
  view.stop();
  await removeLocalSettings();
  await rm(folder, { recursive: true, force: true });
}

async function run(): Promise<void> {
  const began = performance.now();
  const requests: AnsweredRequest[] = [];
  const narrator = {
    did: (what: string) => view.line(`✓ ${seconds(began)}  ${what}`),
  };
  await using stack = await startStack({
    folder,
    ports: 'customary',
    configuration: demoConfiguration,
    onUpstreamRequest: (request) => void requests.push(request),
    onLog: (level, category, message) => {
      if (level === 'error' || level === 'critical') view.line(`! ${category}: ${message}`);
    },
  });
  await writeLocalSettings(stack);
  await using functions = await stack.startFunctions();
  narrator.did(
    `upstream ${stack.upstream.host}, target ${stack.target.host}, Service Bus, storage and functions are up`,
  );
  const app = await loadApp({ environment: stack.settings });
  const over = new AbortController();
  const watching = watchJobs(app, view, over.signal);
  const lost = functions.ended.then(() => Promise.reject(new Error('The Functions host ended.')));
  try {
    const signal = AbortSignal.any([stop.signal, over.signal]);
    await Promise.race([playScenario(stack, functions, requests, narrator, signal), lost, watching]);
    if (values.once) {
      view.line(`Everything was seen in the target registry, ${seconds(began)} after the start.`);
      return;
    }
    for (const line of addresses(stack, functions.url)) view.line(line);
    await Promise.race([aborted(stop.signal), lost, watching]);
  } finally {
    over.abort();
    await watching;
    await app.close();
  }
}

async function writeLocalSettings({ settings }: Stack): Promise<void> {
  await mkdir(path.dirname(LOCAL_SETTINGS), { recursive: true });
  await writeFile(LOCAL_SETTINGS, JSON.stringify({ IsEncrypted: false, Values: settings }, null, 2));
}

/** Leaves those of a stack that was started after this one. */
async function removeLocalSettings(): Promise<void> {
  const text = await readFile(LOCAL_SETTINGS, 'utf8').catch(() => '');
  if (text.includes(folder)) await rm(LOCAL_SETTINGS, { force: true });
}

async function watchJobs(app: App, live: LiveView, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const jobs = await Array.fromAsync(app.jobs());
    live.show(jobs.sort((a, b) => a.queuedAt.localeCompare(b.queuedAt)));
    await sleep(VIEW_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

function addresses(stack: Stack, functionsUrl: string): readonly string[] {
  const { upstream, target, login, configFile, blobUrl } = stack;
  return [
    '',
    `  upstream registry   ${upstream.url}/v2/_catalog`,
    `  target registry     ${target.url}/v2/_catalog   (login ${login.username} / ${login.password})`,
    `  functions           ${functionsUrl}/api/health/ready`,
    `  archive drop        ${blobUrl}/transfer`,
    `  configuration       ${configFile}`,
    '',
    '  In another terminal:',
    '    npm run -s longshore -- status',
    `    npm run -s longshore -- import ${upstream.host}/base/node:24 ${upstream.host}/copies/node:24`,
    '    npm run -s longshore -- plan',
    '    npm run -s longshore -- events list',
    '    npm run -s longshore -- doctor',
    '',
    '  Ctrl+C ends everything.',
  ];
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1).padStart(5)} s`;
}
