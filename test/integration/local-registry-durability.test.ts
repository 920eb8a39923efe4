import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildImageIndex, buildSbom, pushContent } from '../../local/demo-content/index.ts';
import { startRegistry } from '../../local/registry/index.ts';
import { type Descriptor, digestOf, REF_NAME_ANNOTATION } from '../../shared/content/index.ts';
import { startTestRegistry, temporaryFolder } from '../helpers/test-registry.ts';

const INDEX = new URL('../../local/registry/index.ts', import.meta.url).href;

/** The registry in a process of its own, so that it can be killed. */
async function startInChild(folder: string): Promise<{ url: string; kill(): Promise<void> }> {
  const code = `
    import { startRegistry } from ${JSON.stringify(INDEX)};
    console.log((await startRegistry({ folder: ${JSON.stringify(folder)} })).url);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  onTestFinished(kill);
  const [url] = await once(createInterface(child.stdout), 'line');
  return { url, kill };
}

async function listing(url: string): Promise<unknown[]> {
  const paths = ['/v2/_catalog', '/v2/base/node/tags/list'];
  return Promise.all(paths.map(async (path) => (await fetch(url + path)).json()));
}

describe('the local registry after a restart', () => {
  it('still has everything: tags, types, untagged manifests, referrers', async () => {
    const folder = await temporaryFolder();
    const image = await buildImageIndex({ seed: 'node-22' });
    const sbom = buildSbom(image.root, 'node');
    const before = await startRegistry({ folder });
    await pushContent(before.url, 'base/node', ['22', 'latest'], image);
    await pushContent(before.url, 'base/node', [], sbom);
    const listed = await listing(before.url);
    await before.close();

    const after = await startTestRegistry({ folder });
    expect(await listing(after.url)).toEqual(listed);
    for (const { digest, mediaType } of [...image.manifests, sbom.root]) {
      const head = await fetch(`${after.url}/v2/base/node/manifests/${digest}`, { method: 'HEAD' });
      expect([head.status, head.headers.get('content-type')]).toEqual([200, mediaType]);
    }
    const referrers = await fetch(`${after.url}/v2/base/node/referrers/${image.root.digest}`);
    expect(await referrers.json()).toMatchObject({ manifests: [{ digest: sbom.root.digest }] });
  });

  it('still has a repository of very many tags', async () => {
    const folder = await temporaryFolder();
    const before = await startRegistry({ folder });
    await pushContent(before.url, 'base/node', ['t0'], await buildImageIndex({ seed: 'node-22' }));
    await before.close();
    const paths = await readdir(folder, { recursive: true });
    const path = join(folder, paths.find((name) => basename(name) === 'index.json') ?? 'index.json');
    const { manifests, ...index } = JSON.parse(await readFile(path, 'utf8'));
    const [tagged] = manifests.filter(({ annotations }: Partial<Descriptor>) => annotations);
    const named = (nth: number) => ({ ...tagged, annotations: { [REF_NAME_ANNOTATION]: `t${nth}` } });
    const many = [...manifests, ...Array.from({ length: 50_000 }, (_, at) => named(at + 1))];
    await writeFile(path, JSON.stringify({ ...index, manifests: many }));

    const after = await startTestRegistry({ folder });
    const answer = await fetch(`${after.url}/v2/base/node/manifests/t50000`, { method: 'HEAD' });
    expect(answer.status).toBe(200);
  });

  it('goes on with an upload from where it was killed, and shows no half blob', async () => {
    const folder = await temporaryFolder();
    const bytes = Buffer.alloc(300_000, 'abcdefg');
    const digest = digestOf(bytes);
    const doomed = await startInChild(folder);
    const started = await fetch(`${doomed.url}/v2/base/node/blobs/uploads/`, { method: 'POST' });
    const location = started.headers.get('location') ?? '';
    const upload = request(new URL(location, doomed.url), { method: 'PATCH' });
    upload.on('error', () => undefined);
    upload.write(bytes.subarray(0, 100_000));
    const [name = ''] = await readdir(join(folder, '.registry/uploads/base/node'));
    const file = join(folder, '.registry/uploads/base/node', name);
    await expect.poll(async () => (await readFile(file)).byteLength).toBeGreaterThan(0);
    await doomed.kill();

    const { url } = await startTestRegistry({ folder });
    expect((await fetch(`${url}/v2/base/node/blobs/${digest}`)).status).toBe(404);
    const status = await fetch(new URL(location, url));
    const offset = Number(status.headers.get('range')?.split('-')[1]) + 1;
    const rest = await fetch(new URL(`${location}?digest=${digest}`, url), {
      method: 'PUT',
      body: bytes.subarray(offset),
      headers: { 'Content-Range': `${offset}-${bytes.byteLength - 1}` },
    });
    expect(rest.status).toBe(201);
    const whole = await fetch(`${url}/v2/base/node/blobs/${digest}`);
    expect(digestOf(await whole.bytes())).toBe(digest);
  });

  it('has what was acknowledged before it was killed, and can read what it finds', async () => {
    const folder = await temporaryFolder();
    const image = await buildImageIndex({ seed: 'node-22', attestations: false });
    const doomed = await startInChild(folder);
    await pushContent(doomed.url, 'base/node', ['1'], image);
    const acknowledged = new Set(['1']);
    const root = { body: image.root.bytes.slice(), headers: { 'Content-Type': image.root.mediaType } };
    const pushes = Array.from({ length: 40 }, async (_, number) => {
      const tag = `tag-${number}`;
      const put = await fetch(`${doomed.url}/v2/base/node/manifests/${tag}`, { method: 'PUT', ...root });
      if (put.status === 201) acknowledged.add(tag);
      if (acknowledged.size === 5) await doomed.kill();
    });
    await Promise.allSettled(pushes);

    const { url } = await startTestRegistry({ folder });
    const list = await (await fetch(`${url}/v2/base/node/tags/list`)).json();
    expect(list).toMatchObject({ tags: expect.arrayContaining([...acknowledged]) });
    expect((await fetch(`${url}/v2/base/node/manifests/1`)).status).toBe(200);
  });
});

describe('closing the local registry', () => {
  it('ends idle connections and lets a port be used again', async () => {
    const folder = await temporaryFolder();
    const first = await startRegistry({ folder });
    await (await fetch(`${first.url}/v2/`)).text();
    await first.close();
    await expect(fetch(`${first.url}/v2/`)).rejects.toThrow('fetch failed');
    const again = await startTestRegistry({ folder, port: Number(new URL(first.url).port) });
    expect((await fetch(`${again.url}/v2/`)).status).toBe(200);
  });

  it('may be asked for twice, also by leaving the scope', async () => {
    await using registry = await startRegistry({ folder: await temporaryFolder() });
    await expect(Promise.all([registry.close(), registry.close()])).resolves.toEqual([undefined, undefined]);
  });
});
