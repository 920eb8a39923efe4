import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildImageIndex, pushContent } from '../../local/demo-content/index.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { loadApp } from '../../shared/app/index.ts';
import { createAzureClients, createTableRecords } from '../../shared/azure/index.ts';
import { type Observation, observationSchema } from '../../shared/mirror/index.ts';
import { createRegistryClient } from '../../shared/registry/index.ts';
import { newStorageAccount } from '../helpers/azurite.ts';
import { runCli } from '../helpers/cli.ts';

function configuration({ upstream, target }: { readonly upstream: string; readonly target: string }) {
  return `
registries:
  ${JSON.stringify(target)}: { credentials: { username: longshore, password: { env: TARGET_PASSWORD } } }
defaults: { deletions: propose }
watches:
  - { source: ${upstream}/app, target: ${target}/app, tags: "*" }
  - { source: ${upstream}/kept, target: ${target}/kept, tags: "*", deletions: report }
`;
}

describe('deletions', () => {
  let stack: Stack;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longshore-cli-'));
    stack = await startStack({
      folder,
      ports: 'free',
      storage: await newStorageAccount(),
      configuration,
    });
  }, 60_000);

  afterAll(async () => {
    await stack.close();
    await rm(folder, { recursive: true, force: true });
  });

  const run = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await runCli(args, { environment: stack.settings });
    return { exitCode, stderr, stdout: stdout.replaceAll(stack.target.host, 'TARGET') };
  };
  const json = async (...args: string[]) => JSON.parse((await run(...args, '--json')).stdout);

  /** Polls, and does what was queued. */
  async function mirror(): Promise<readonly string[]> {
    await using closing = new AsyncDisposableStack();
    const app = closing.adopt(await loadApp({ environment: stack.settings }), (loaded) => loaded.close());
    const { watches } = await app.poll({ force: true });
    const queued = watches.flatMap((watch) => watch.queued);
    for (const job of queued) await app.runImport(job);
    return queued.map(({ reason }) => reason);
  }

  /** Says of everything that is gone upstream that it is for long. */
  async function age(): Promise<void> {
    const value = stack.settings.AzureWebJobsStorage ?? '';
    const records = createTableRecords<Observation>({
      table: () => createAzureClients().table({ kind: 'connectionString', value }, 'observations'),
      schema: observationSchema,
    });
    for await (const { key } of records.list()) {
      await records.update(key, (known) =>
        known?.upstreamGoneAt ? { ...known, upstreamGoneAt: '2026-01-01T00:00:00.000Z' } : known,
      );
    }
  }

  it('are listed, approved one by one or all, and a tag that comes back is imported anew', async () => {
    const upstream = createRegistryClient();
    const image = await buildImageIndex({ seed: 'app' });
    for (const repository of ['app', 'kept']) {
      await pushContent(stack.upstream.url, repository, ['1', '2', '3', 'stays'], image);
    }
    expect(await mirror()).toHaveLength(8);
    for (const repository of ['app', 'kept']) {
      const place = upstream.repository({ registry: stack.upstream.host, repository });
      for (const tag of ['1', '2', '3']) await place.deleteTag(tag);
    }
    expect(await mirror()).toEqual([]);

    const none = { exitCode: 3, stdout: 'No tag is proposed for deletion.\n', stderr: '' };
    expect(await run('deletions', 'list')).toEqual(none);
    const early = await json('deletions', 'approve', `${stack.target.host}/app:1`);
    expect(early.outcomes).toMatchObject([{ state: 'retained', why: 'too-early' }]);

    await age();
    const listed = await run('deletions', 'list');
    expect(listed).toMatchObject({ exitCode: 0, stderr: '' });
    const [header, ...rows] = listed.stdout.trimEnd().split('\n');
    expect(header).toMatch(/^TARGET +SOURCE +DIGEST +DELETED UPSTREAM +ALSO NAMED BY$/);
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatch(
      /^TARGET\/app:1 +\S+\/app +sha256:[0-9a-f]{12} +2026-01-01 00:00:00Z +2, 3, stays$/,
    );

    const one = await run(
      'deletions',
      'approve',
      `${stack.target.host}/app:1`,
      `${stack.target.host}/kept:1`,
    );
    expect(one).toMatchObject({ exitCode: 0, stderr: '' });
    expect(one.stdout).toMatch(/^1 tag deleted\n {2}- TARGET\/app:1 {3}sha256:[0-9a-f]{12} {2}tag deleted\n/);
    expect(one.stdout).toMatch(
      /\n {2}= TARGET\/kept:1 {2}retained: The watch \S+ keeps copies \(deletions: report\)\.\n$/,
    );

    await pushContent(stack.upstream.url, 'app', ['2'], image);
    const all = await run('deletions', 'approve', '--all');
    expect(all).toMatchObject({ exitCode: 0, stderr: '' });
    expect(all.stdout).toMatch(/^1 tag deleted\n/);
    expect(all.stdout).toMatch(/\n {2}= TARGET\/app:2 {2}retained: \S+ has the tag again\./);
    expect(await mirror()).toEqual([]);
    expect(await run('deletions', 'approve', '--all')).toEqual({
      exitCode: 3,
      stdout: '0 tags deleted\n',
      stderr: '',
    });

    await pushContent(stack.upstream.url, 'app', ['1'], image);
    expect(await mirror()).toEqual(['new tag']);
    await upstream.close();
    const target = createRegistryClient({
      credentials: { credentialsFor: async () => ({ kind: 'password', ...stack.login }) },
    });
    const copy = target.repository({ registry: stack.target.host, repository: 'app' });
    expect(await Array.fromAsync(copy.tags())).toEqual(['1', '2', 'stays']);
    expect(await copy.resolve('1')).toMatchObject({ digest: image.root.digest });
    await target.close();
  }, 60_000);

  it('want either target tags or --all', async () => {
    for (const args of [[], ['--all', 'acme.azurecr.io/app:1']]) {
      const { exitCode, stderr } = await run('deletions', 'approve', ...args);
      expect(exitCode).toBe(2);
      expect(stderr).toContain('longshore deletions list');
    }
    const { stderr } = await run('deletions', 'approve', 'acme.azurecr.io/app', '--json');
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'E_ARGUMENT' } });
  });
});
