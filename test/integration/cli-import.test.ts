import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { StoppedError } from '../../cli/exit-codes.ts';
import { buildImageIndex, buildSbom, pushContent } from '../../local/demo-content/index.ts';
import { type CliOptions, runCli, runCliProcess, startCli } from '../helpers/cli.ts';
import { countingProxy } from '../helpers/counting-proxy.ts';
import { singleImage } from '../helpers/registry-contents.ts';
import { scriptedServer } from '../helpers/scripted-server.ts';
import { startTestRegistry, type TestRegistry, temporaryFolder } from '../helpers/test-registry.ts';

const image = await buildImageIndex({ seed: 'node-22' });
const other = await singleImage('other');

interface World {
  readonly source: TestRegistry;
  readonly target: TestRegistry;
  /** `HOST/base/node:22` of the source. */
  readonly from: string;
  /** `HOST/copy/node:22` of the target. */
  readonly to: string;
}

/** A source that has an image, and an empty target. */
async function world(options: Parameters<typeof startTestRegistry>[0] = {}): Promise<World> {
  const source = await startTestRegistry();
  const target = await startTestRegistry(options);
  await pushContent(source.url, 'base/node', ['22'], image);
  return { source, target, from: `${source.host}/base/node:22`, to: `${target.host}/copy/node:22` };
}

async function digestAt({ target }: World, tag = '22'): Promise<string | null> {
  const answer = await fetch(`${target.url}/v2/copy/node/manifests/${tag}`, { method: 'HEAD' });
  return answer.headers.get('docker-content-digest');
}

/** The document that the command prints: its result on stdout, or its failure on stderr, never both. */
async function importJson(args: readonly string[], options: CliOptions = {}) {
  const { exitCode, stdout, stderr } = await runCli(['import', ...args, '--json'], options);
  expect(exitCode === 0 ? stderr : stdout).toBe('');
  return { exitCode, document: JSON.parse(exitCode === 0 ? stdout : stderr) };
}

describe('longshore import, as a process', () => {
  it('says on stdout what it did, and exits with 0', async () => {
    const here = await world();
    const { exitCode, stdout, stderr } = await runCliProcess(['import', here.from, here.to]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(await digestAt(here)).toBe(image.root.digest);
    expect(stdout.split('\n')).toEqual([
      `Imported ${here.to}`,
      `  from       ${here.from}`,
      `  digest     ${image.root.digest}`,
      '  manifests  5 copied',
      expect.stringMatching(/^ {2}blobs {6}10 uploaded \(\d+(\.\d+)? kB\)$/),
      '',
    ]);
    expect(await runCliProcess(['import', here.from, here.to])).toEqual({
      exitCode: 0,
      stdout: `${here.to} is already ${image.root.digest}; nothing was copied\n`,
      stderr: '',
    });
  });

  it('ends at once on Ctrl+C, with 130, and leaves no tag', async () => {
    const here = await world();
    const proxy = await countingProxy(here.source.host, (line) =>
      line.startsWith('GET /v2/base/node/blobs/') ? new Promise(() => {}) : undefined,
    );
    const { child, result } = startCli(['import', `${proxy.host}/base/node:22`, here.to, '--json']);
    await expect.poll(() => proxy.count('GET /v2/base/node/blobs/'), { timeout: 15_000 }).toBeGreaterThan(0);
    child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await result;
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' });
    expect(JSON.parse(stderr)).toEqual({
      error: { code: 'E_STOPPED', message: 'stopped by SIGINT', retryable: false },
    });
    expect(await digestAt(here)).toBeNull();
  });

  it('ends quietly when nobody reads its output any more', async () => {
    const here = await world();
    const { child, result } = startCli(['import', here.from, here.to]);
    child.stdout.destroy();
    expect(await result.catch((reason: unknown) => reason)).toBeInstanceOf(Error);
    await expect.poll(() => child.exitCode, { timeout: 15_000 }).toBe(141);
  });
});

describe('longshore import --json', () => {
  it('is one document with everything that was done', async () => {
    const here = await world();
    expect(await importJson([here.from, here.to])).toMatchObject({
      exitCode: 0,
      document: {
        source: `${here.from}@${image.root.digest}`,
        target: here.to,
        state: 'succeeded',
        digest: image.root.digest,
        before: null,
        root: { mediaType: image.root.mediaType, digest: image.root.digest, size: image.root.size },
        trimmed: false,
        manifests: { copied: 5, existing: 0 },
        blobs: { uploaded: 10, mounted: 0, existing: 0, foreign: 0 },
        bytesUploaded: image.blobs.reduce((sum, { descriptor }) => sum + descriptor.size, 0),
      },
    });
  });

  it('takes the tag of the source, and latest where there is none', async () => {
    const here = await world();
    await pushContent(here.source.url, 'base/other', ['latest'], other);
    const untagged = `${here.target.host}/copy/node`;
    expect((await importJson([here.from, untagged])).document.target).toBe(`${untagged}:22`);
    const latest = await importJson([`${here.source.host}/base/other`, untagged]);
    expect(latest.document.target).toBe(`${untagged}:latest`);
  });

  it('brings along what is attached to the image, unless told not to', async () => {
    const here = await world();
    await pushContent(here.source.url, 'base/node', [], buildSbom(image.root, 'base/node'));
    expect((await importJson([here.from, here.to, '--no-referrers'])).document).toMatchObject({
      referrers: { copied: 0 },
    });
    const { stdout } = await runCli(['import', here.from, here.to]);
    expect(stdout).toContain('  referrers  1 copied\n');
  });

  it('copies by digest', async () => {
    const here = await world();
    const { exitCode } = await importJson([`${here.source.host}/base/node@${image.root.digest}`, here.to]);
    expect(exitCode).toBe(0);
    expect(await digestAt(here)).toBe(image.root.digest);
  });
});

describe('a tag that is taken', () => {
  it('stays, and the message says how to move it', async () => {
    const here = await world();
    await pushContent(here.target.url, 'copy/node', ['22'], other);
    const plain = await runCli(['import', here.from, here.to]);
    expect(plain).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `longshore: ${here.to} exists and is ${other.root.digest}, not ${image.root.digest}. The tag was left as it is; use --force to move it.\n`,
    });
    const { exitCode, document } = await importJson([here.from, here.to]);
    expect({ exitCode, code: document.error.code }).toEqual({ exitCode: 1, code: 'E_TAG_EXISTS' });
    expect(await digestAt(here)).toBe(other.root.digest);
  });

  it('moves with --force, and what was there is named', async () => {
    const here = await world();
    await pushContent(here.target.url, 'copy/node', ['22'], other);
    const { exitCode, stdout } = await runCli(['import', here.from, here.to, '--force']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`  was        ${other.root.digest}\n`);
    expect(await digestAt(here)).toBe(image.root.digest);
  });

  it('and that a watch imports too is moved with --force, and the watch is named with what it will do', async () => {
    const here = await world();
    await pushContent(here.target.url, 'copy/node', ['22'], other);
    const config = join(await temporaryFolder(), 'mirrors.yaml');
    const watch = {
      name: 'node',
      source: `${here.source.host}/base/node`,
      target: `${here.target.host}/copy/node`,
      tags: ['2*'],
    };
    await writeFile(config, JSON.stringify({ watches: [watch] }));
    const { exitCode, stdout } = await runCli(['import', here.from, here.to, '--force', '--config', config]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      '  ? The watch "node" imports this tag. A service that runs this watch restores its own image at the next check of the targets; run the command with its settings to prevent that.\n',
    );
    const { document } = await importJson([here.from, here.to, '--config', config]);
    expect(document).toMatchObject({ state: 'unchanged', watches: ['node'] });
  });
});

describe('a platform subset', () => {
  const only = ['--platform', 'linux/arm64'];

  it('keeps the digest where the registry takes a partial index', async () => {
    const here = await world({ acceptSparseIndexes: true });
    const { document } = await importJson([here.from, here.to, ...only]);
    expect(document).toMatchObject({ trimmed: false, digest: image.root.digest, manifests: { copied: 3 } });
  });

  it('has its own digest where it does not, says so, and is unchanged the second time', async () => {
    const here = await world();
    const first = await runCli(['import', here.from, here.to, ...only]);
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(first.stdout).toContain('differs from the source: ');
    const trimmed = await digestAt(here);
    expect(trimmed).not.toBe(image.root.digest);
    expect(await importJson([here.from, here.to, ...only])).toMatchObject({
      exitCode: 0,
      document: { state: 'unchanged', trimmed: true, digest: trimmed },
    });
    expect(await importJson([here.from, here.to])).toMatchObject({
      exitCode: 1,
      document: { error: { code: 'E_TAG_EXISTS' } },
    });
  });

  it('can be of several platforms', async () => {
    const here = await world();
    const both = ['--platform', 'linux/amd64', '--platform', 'linux/arm64/v8'];
    const { document } = await importJson([here.from, here.to, ...both]);
    expect(document).toMatchObject({ trimmed: false, digest: image.root.digest });
  });

  it('may be given in one word with commas', async () => {
    const here = await world();
    const { document } = await importJson([here.from, here.to, '--platform', 'linux/amd64,linux/arm64']);
    expect(document).toMatchObject({ trimmed: false, digest: image.root.digest });
  });

  it('that is not there is refused with what is', async () => {
    const here = await world();
    const { exitCode, document } = await importJson([here.from, here.to, '--platform', 'windows/amd64']);
    expect({ exitCode, ...document.error }).toMatchObject({
      exitCode: 2,
      code: 'E_PLATFORM',
      message: expect.stringContaining('It is for: linux/amd64, linux/arm64/v8'),
    });
  });
});

describe('what cannot work', () => {
  it.each([
    [['node:.22', 'localhost:1/a'], 'E_REFERENCE', '".22" is not a tag'],
    [['localhost:1/a:1', 'https://localhost:1/a'], 'E_REFERENCE', 'leave out "https://"'],
    [['docker://localhost:1/a:1', 'localhost:1/a'], 'E_REFERENCE', 'leave out "docker://"'],
    [
      ['localhost:1/a:1', `localhost:1/a@${image.root.digest}`],
      'E_REFERENCE',
      'must name a tag, not a digest',
    ],
    [['localhost:1/a:1', 'localhost:1/a', '--platform', 'arm64'], 'E_PLATFORM', '"arm64" is not a platform'],
    [
      ['localhost:1/a:1', 'localhost:1/a', '--config', '/none.yaml'],
      'E_CONFIG',
      '/none.yaml: there is no such file',
    ],
  ])('is refused before anything is asked: %j', async (args, code, message) => {
    const { exitCode, document } = await importJson(args);
    expect({ exitCode, ...document.error }).toMatchObject({ exitCode: 2, code });
    expect(document.error.message.split('\n').join(' ')).toContain(message);
  });

  it('does not repeat a password that was typed into a name', async () => {
    const { exitCode, stderr } = await runCli(['import', 'user:hunter2@host/app:1', 'localhost:1/a']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('"…@host/app:1" is not an image reference');
    expect(stderr).not.toContain('hunter2');
  });

  it('is a digest that the source has not', async () => {
    const here = await world();
    const absent = `${here.source.host}/base/node@sha256:${'0'.repeat(64)}`;
    const { exitCode, document } = await importJson([absent, here.to]);
    expect({ exitCode, ...document.error }).toMatchObject({ exitCode: 1, code: 'E_NOT_FOUND' });
    expect(document.error.message).toContain('Check the name and the digest');
  });

  it('is a source that does not exist', async () => {
    const here = await world();
    const gone = `${here.source.host}/base/node:gone`;
    expect(await importJson([gone, here.to])).toMatchObject({
      exitCode: 1,
      document: {
        error: { code: 'E_NOT_FOUND', message: expect.stringContaining(`${gone} does not exist`) },
      },
    });
  });

  it('is a registry where nothing listens', async () => {
    const { exitCode, document } = await importJson(['localhost:1/a:1', 'localhost:1/b']);
    expect({ exitCode, ...document.error }).toEqual({
      exitCode: 1,
      code: 'E_NETWORK',
      operation: 'resolve',
      side: 'source',
      retryable: true,
      message: expect.stringMatching(/^Could not resolve localhost:1\/a:1: .*nothing listens there/),
    });
  });

  it('is a registry at a private address that nobody has allowed; the message says how to', async () => {
    const { exitCode, document } = await importJson(['10.255.255.1:5000/a:1', 'localhost:1/b']);
    expect({ exitCode, code: document.error.code }).toEqual({ exitCode: 1, code: 'E_DENIED' });
    expect(document.error.message).toContain('registries: { "10.255.255.1:5000": { private: true } }');
  });

  it('is a server that is no registry', async () => {
    const server = await scriptedServer(() => ({
      headers: { 'content-type': 'text/html' },
      body: '<h1>Sign in</h1>',
    }));
    const { exitCode, document } = await importJson([`${server.host}/a:1`, 'localhost:1/b']);
    expect({ exitCode, code: document.error.code }).toEqual({ exitCode: 1, code: 'E_PROTOCOL' });
  });
});

test('a signal that came before the first request stops the import too', async () => {
  const here = await world();
  const signal = AbortSignal.abort(new StoppedError('SIGTERM'));
  const { exitCode, stderr } = await runCli(['import', here.from, here.to], { signal });
  expect({ exitCode, stderr }).toEqual({ exitCode: 143, stderr: 'longshore: stopped by SIGTERM\n' });
  expect(await digestAt(here)).toBeNull();
});
