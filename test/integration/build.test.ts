import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createServer } from 'node:tls';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { BlobServiceClient } from '@azure/storage-blob';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { buildArchive, demoApplication, moveTag, pushContent } from '../../local/demo-content/index.ts';
import { startStack } from '../../local/stack.ts';
import { createRegistryClient } from '../../shared/registry/index.ts';
import { startHostProcess } from '../fixtures/functions-app/host-process.ts';
import { newStorageAccount } from '../helpers/azurite.ts';
import { runProgram } from '../helpers/programs.ts';
import { startTestRegistry } from '../helpers/test-registry.ts';

let folder: string;
/** The built package, far from any node_modules. */
let built: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longshore-build-'));
  built = join(folder, 'package');
  await runProgram(process.execPath, [fileURLToPath(new URL('../../build.ts', import.meta.url)), built]);
  return () => rm(folder, { recursive: true, force: true });
});

async function builtModules(below = ''): Promise<Map<string, string>> {
  const inside = join(built, below);
  const names = (await readdir(inside)).filter((name) => name.endsWith('.mjs'));
  return new Map(
    await Promise.all(
      names.map(async (name) => [name, await readFile(join(inside, name), 'utf8')] as [string, string]),
    ),
  );
}

/** The files of packages in a module; the bundler names each in comments, some more than once. */
function bundledFiles(text: string): string[] {
  return [...text.matchAll(/^\s*\/\/ node_modules\/(\S+)$/gm)].map(([, file]) => file ?? '');
}

test('the package is complete: a manifest, the host settings, modules and their maps', async () => {
  const files = await readdir(built);
  expect(files).toEqual(
    expect.arrayContaining(['functions.mjs', 'functions.mjs.map', 'host.json', 'package.json']),
  );
  expect(JSON.parse(await readFile(join(built, 'package.json'), 'utf8'))).toEqual({
    name: 'longshore',
    version: expect.any(String),
    type: 'module',
    main: 'functions.mjs',
    bin: { longshore: 'cli/longshore.mjs' },
  });
});

test('the Azure SDKs stay out of what a cold start reads', async () => {
  const modules = await builtModules();
  const entry = modules.get('functions.mjs') ?? '';
  const packages = new Set(bundledFiles(entry).map((file) => file.split('/').slice(0, 2).join('/')));
  expect([...packages].filter((name) => name.startsWith('@azure/')).sort()).toEqual([
    '@azure/functions',
    '@azure/functions-extensions-base',
  ]);
  for (const name of ['identity', 'service-bus', 'storage-blob', 'data-tables']) {
    const holders = [...modules].filter(([, text]) => text.includes(`// node_modules/@azure/${name}/dist`));
    expect(holders, name).toHaveLength(1);
    const [file = ''] = holders[0] ?? [];
    expect(entry).toContain(`import("./${file}")`);
    expect(entry).not.toMatch(new RegExp(`from ?"\\./${file}"`));
  }
});

test('what must be one at run time is in the package once', async () => {
  const files = [...(await builtModules()).values()].flatMap((text) => [...new Set(bundledFiles(text))]);
  expect(files.filter((file, at) => files.indexOf(file) !== at)).toEqual([]);
  expect(files.filter((file) => file.startsWith('@azure/functions-extensions-base/'))).toHaveLength(1);
  expect(files.filter((file) => file === 'undici/lib/dispatcher/client.js')).toHaveLength(1);
});

test('of undici, it reads the HTTP client and nothing else', async () => {
  const files = bundledFiles((await builtModules()).get('functions.mjs') ?? '');
  const unused = /^undici\/(?:index|lib\/(?:cache|mock|milo|web\/(?:websocket|eventsource)))/;
  expect(files.filter((file) => unused.test(file))).toEqual([]);
});

const tlsFile = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));

/** `127.0.0.1:PORT` where the registry at `host()` answers over TLS. */
async function startTlsFront(host: () => string): Promise<string> {
  const [cert, key] = await Promise.all(
    ['server.pem', 'server-key.pem'].map((one) => readFile(tlsFile(one))),
  );
  const front = createServer({ cert, key }, (client) => {
    const registry = connect(Number(host().split(':')[1]), '127.0.0.1');
    pipeline(client, registry, client, () => {});
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  onTestFinished(() => void front.close());
  return `127.0.0.1:${(front.address() as AddressInfo).port}`;
}

test('it runs by itself: a poll queues a job, the job copies an image from a registry with TLS, and an archive is imported by reference', async () => {
  let upstreamHost = '';
  const front = await startTlsFront(() => upstreamHost);
  await using stack = await startStack({
    folder: join(folder, 'stack'),
    ports: 'free',
    storage: await newStorageAccount(),
    configuration: ({ target }) => `
      registries:
        "${target}": { credentials: { username: longshore, password: { env: TARGET_PASSWORD } } }
        "${front}": { tls: { caFile: ${tlsFile('ca.pem')} } }
      defaults: { schedule: "* * * * * *" }
      watches: [{ source: ${front}/base/node, target: ${target}/mirror/node, tags: "22" }]
      transfer: { registry: "${target}" }`,
  });
  upstreamHost = stack.upstream.host;
  const image = await moveTag('base/node:22', 1, { bytesPerLayer: 1024 });
  await pushContent(stack.upstream.url, image.repository, image.tags, image.content);
  const application = await demoApplication('shop', image.content, { bytesPerLayer: 1024 });
  await BlobServiceClient.fromConnectionString(stack.settings.AzureWebJobsStorage ?? '')
    .getContainerClient('transfer')
    .getBlockBlobClient('shop.tar')
    .uploadData(await buildArchive(application.content, 'airgap/shop:1.1'));

  await using host = startHostProcess(pathToFileURL(built).href, stack.settings);
  const { url, functions } = await host.ready;
  expect(functions).toEqual(
    expect.arrayContaining([
      { name: 'pollUpstreams', trigger: 'timerTrigger' },
      { name: 'runImport', trigger: 'serviceBusTrigger' },
      { name: 'pruneRecords', trigger: 'timerTrigger' },
      { name: 'importArchive', trigger: 'blobTrigger' },
      { name: 'live', trigger: 'httpTrigger' },
      { name: 'ready', trigger: 'httpTrigger' },
    ]),
  );
  expect((await fetch(`${url}/api/health/live`)).status).toBe(200);
  const ready = await fetch(`${url}/api/health/ready`);
  expect(await ready.json()).toMatchObject({ status: 'ok' });

  await host.untilSaid(/Executed 'Functions\.runImport' \(Succeeded/);
  await host.untilSaid(/Executed 'Functions\.importArchive' \(Succeeded/);
  await host.untilSaid(/Executed 'Functions\.runTransfer' \(Succeeded/);
  expect(host.lines.filter(({ level }) => level === 'warning' || level === 'error')).toEqual([]);

  const registry = createRegistryClient({
    credentials: { credentialsFor: async () => ({ kind: 'password', ...stack.login }) },
  });
  onTestFinished(() => registry.close());
  const digestOf = async (repository: string, tag: string) =>
    (await registry.repository({ registry: stack.target.host, repository }).resolve(tag))?.digest;
  expect(await digestOf('mirror/node', '22')).toBe(image.content.root.digest);
  expect(await digestOf('airgap/shop', '1.1')).toBe(application.content.root.digest);
  expect(await host.stop()).toBe(0);
});

/** Runs the built command line program as an executable of its own, far from any sources. */
async function runBuilt(args: readonly string[], home = folder): Promise<string> {
  const environment = { PATH: process.env.PATH, HOME: home };
  const program = join(built, 'cli/longshore.mjs');
  const { stdout } = await promisify(execFile)(program, args, {
    cwd: home,
    env: environment,
    timeout: 60_000,
  });
  return stdout;
}

/** The modules that are read when one is loaded: those it imports by name, and those they do. */
function readWith(modules: ReadonlyMap<string, string>, first: string): string {
  const read = new Set([first]);
  for (const name of read) {
    const imports = (modules.get(name) ?? '').matchAll(
      /^(?:import|\} from) ?(?:\{[^}]*\} from )?"\.\/([^"]+)";$/gm,
    );
    for (const [, to = ''] of imports) read.add(to);
  }
  return [...read].map((name) => modules.get(name)).join('\n');
}

test('the command line program runs by itself, as an executable', async () => {
  expect(await runBuilt(['--version'])).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(await runBuilt(['--help'])).toMatch(/^ {2}import +copy an image/m);
});

test('the help and the version read the parser of the command line and no command', async () => {
  const modules = await builtModules('cli');
  const [program = ''] = [...modules].find(([, text]) => /^\/\/ cli\/program\.ts$/m.test(text)) ?? [];
  const read = readWith(modules, program);
  expect(new Set(bundledFiles(read).map((file) => file.split('/')[0]))).toEqual(new Set(['commander']));
  const sources = [...read.matchAll(/^\/\/ ((?:cli|shared)\/\S+)$/gm)].map(([, file]) => file);
  expect(sources.filter((file) => /^cli\/commands|^shared/.test(`${file}`))).toEqual(['shared/errors.ts']);
});

test('the command line program copies an image and keeps what it compiled', async () => {
  const [from, to] = [await startTestRegistry(), await startTestRegistry()];
  const image = await moveTag('base/node:22', 1, { bytesPerLayer: 1024 });
  await pushContent(from.url, image.repository, image.tags, image.content);
  const home = await mkdtemp(join(folder, 'home-'));
  const args = ['import', `${from.host}/base/node:22`, `${to.host}/mirror/node:22`, '--json'];
  expect(JSON.parse(await runBuilt(args, home))).toMatchObject({
    state: 'succeeded',
    digest: image.content.root.digest,
  });
  const caches = process.platform === 'darwin' ? 'Library/Caches' : '.cache';
  const kept = await readdir(join(home, caches, 'longshore/compile-cache'), { recursive: true });
  expect(kept.length).toBeGreaterThan(5);
});

test('an import without configuration reads neither what a configuration takes nor what nobody uses', async () => {
  const modules = await builtModules('cli');
  const command = [...modules.keys()].find((name) => /^import-[A-Z0-9]{8}\.mjs$/.test(name)) ?? '';
  const files = bundledFiles(readWith(modules, command));
  const packages = new Set(
    files.map((file) =>
      file
        .split('/')
        .slice(0, file.startsWith('@') ? 2 : 1)
        .join('/'),
    ),
  );
  expect([...packages].sort()).toEqual([
    'commander',
    'p-limit',
    'pretty-bytes',
    'undici',
    'yocto-queue',
    'zod',
  ]);
  const unused = /^undici\/lib\/(?:cache|mock|web\/websocket)|^zod\/v4\/locales\/de/;
  expect(files.filter((file) => unused.test(file))).toEqual([]);
});
