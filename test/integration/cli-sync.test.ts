import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StoppedError } from '../../cli/exit-codes.ts';
import { buildImageIndex, pushContent } from '../../local/demo-content/index.ts';
import { runCli, runCliProcess, startCli } from '../helpers/cli.ts';
import { countingProxy } from '../helpers/counting-proxy.ts';
import { startTestRegistry, temporaryFolder } from '../helpers/test-registry.ts';

const version = async (number: number) => buildImageIndex({ seed: 'node', version: number });
const short = async (number: number) => (await version(number)).root.digest.slice(0, 'sha256:'.length + 12);

interface Watches {
  /** Where upstream is found, instead of itself. */
  readonly upstreamHost?: string;
  /** Lines of YAML. */
  readonly more?: string;
}

/** An upstream with three tags, an empty target, and a configuration that says to copy two of them. */
async function world(
  watches: (hosts: { readonly upstream: string }) => Promise<Watches> | Watches = () => ({}),
) {
  const upstream = await startTestRegistry();
  const target = await startTestRegistry();
  for (const tag of ['22', '24', '25-rc1']) {
    await pushContent(upstream.url, 'base/node', [tag], await version(Number.parseInt(tag, 10)));
  }
  const { upstreamHost = upstream.host, more = '' } = await watches({ upstream: upstream.host });
  const config = join(await temporaryFolder(), 'watches.yaml');
  await writeFile(
    config,
    `watches:
  - name: node
    source: ${upstreamHost}/base/node
    target: ${target.host}/mirror/node
    tags: { include: ["2*"], exclude: ["*-rc*"] }
${more}`,
  );
  const digestOf = async (tag: string) => {
    const answer = await fetch(`${target.url}/v2/mirror/node/manifests/${tag}`, { method: 'HEAD' });
    return answer.headers.get('docker-content-digest');
  };
  return { upstream, target, config, digestOf, name: `${target.host}/mirror/node` };
}

const missing = `  - name: missing
    source: localhost:1/base/none
    target: localhost:1/mirror/none
    tags: ["*"]
`;

describe('longshore sync', () => {
  it('copies what the targets lack and says what it did; with nothing to do it exits with 3', async () => {
    const { config, name, digestOf } = await world();
    const { exitCode, stdout, stderr } = await runCliProcess(['sync', '--config', config]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      'node: 2 tags, 2 imported, 0 unchanged',
      `  + ${name}:22  ${await short(22)}  new tag`,
      `  + ${name}:24  ${await short(24)}  new tag`,
      expect.stringMatching(/^Copied 2 images, \d+ blobs uploaded \(\d+(\.\d+)? kB\)$/),
      '',
    ]);
    expect(await digestOf('24')).toBe((await version(24)).root.digest);
    expect(await digestOf('25-rc1')).toBeNull();
    expect(await runCliProcess(['sync', '--config', config])).toEqual({
      exitCode: 3,
      stdout: 'node: 2 tags, 0 imported, 2 unchanged\n',
      stderr: '',
    });
  });

  it('is one JSON document', async () => {
    const { config, name, target } = await world();
    await pushContent(target.url, 'mirror/node', ['22'], await version(1));
    const { exitCode, stdout, stderr } = await runCli(['sync', '--config', config, '--json']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const [wanted, there] = [(await version(22)).root.digest, (await version(1)).root.digest];
    expect(JSON.parse(stdout)).toMatchObject({
      dryRun: false,
      watches: [
        {
          watch: 'node',
          selected: ['22', '24'],
          changes: [
            {
              target: `${name}:22`,
              digest: wanted,
              reason: `tag moved from ${there} to ${wanted}`,
              state: 'succeeded',
            },
            { target: `${name}:24`, state: 'succeeded' },
          ],
          unchanged: 0,
          errors: [],
        },
      ],
      images: 2,
      manifests: { copied: expect.any(Number), existing: expect.any(Number) },
      blobs: { uploaded: expect.any(Number), mounted: 0, existing: expect.any(Number) },
      referrers: { copied: 0 },
      bytesUploaded: expect.any(Number),
    });
  });

  it('with --dry-run shows what it would copy, and copies nothing', async () => {
    const { config, name, target } = await world();
    const { exitCode, stdout } = await runCli(['sync', '--config', config, '--dry-run']);
    expect({ exitCode, lines: stdout.split('\n') }).toEqual({
      exitCode: 0,
      lines: [
        'node: 2 tags, 2 to import, 0 unchanged',
        `  + ${name}:22  ${await short(22)}  new tag`,
        `  + ${name}:24  ${await short(24)}  new tag`,
        '',
      ],
    });
    const json = await runCli(['sync', '--config', config, '--dry-run', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      dryRun: true,
      watches: [{ changes: [{ state: 'planned' }, {}] }],
    });
    expect(target.requests.filter(({ method }) => !['GET', 'HEAD'].includes(method))).toEqual([]);
  });

  it('copies what it can, reports the rest and exits with 1', async () => {
    const { config, name, digestOf } = await world(async ({ upstream }) => {
      const bad = `/v2/base/node/manifests/${(await version(22)).root.digest}`;
      const { host } = await countingProxy(upstream, (line) =>
        line === `GET ${bad}` ? { status: 403 } : undefined,
      );
      return { upstreamHost: host, more: missing };
    });
    const { exitCode, stdout } = await runCli(['sync', '--config', config]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('node: 2 tags, 1 imported, 0 unchanged, 1 failed\n');
    expect(stdout).toContain(`  ! ${name}:22  E_DENIED`);
    expect(stdout).toMatch(/missing: 0 tags.*\n {2}! E_NETWORK {2}Could not .*nothing listens there/);
    expect([await digestOf('22'), await digestOf('24')]).toEqual([null, (await version(24)).root.digest]);
    const json = await runCli(['sync', '--config', config, '--json']);
    expect(json.exitCode).toBe(1);
    expect(JSON.parse(json.stdout).watches[0]).toMatchObject({
      changes: [
        { target: `${name}:22`, state: 'failed', code: 'E_DENIED', message: expect.stringContaining('403') },
      ],
      unchanged: 1,
    });
  });

  it('takes only the watches that are named, and knows which there are', async () => {
    const { config } = await world(() => ({ more: missing }));
    const { exitCode, stdout } = await runCli(['sync', '--config', config, '--watch', 'node']);
    expect({ exitCode, stdout }).toMatchObject({
      exitCode: 0,
      stdout: expect.not.stringContaining('missing'),
    });
    const wrong = await runCli(['sync', '--config', config, '--watch', 'nodes']);
    expect(wrong).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: 'longshore: There is no watch "nodes". The configuration has: node, missing.\n',
    });
  });

  it('leaves no tag behind when it is stopped, and exits as signals do', async () => {
    const { promise: copying, resolve: startedCopying } = Promise.withResolvers<void>();
    const { config, digestOf } = await world(async ({ upstream }) => {
      const { host } = await countingProxy(upstream, async (line) => {
        if (!line.startsWith('GET /v2/base/node/blobs/')) return undefined;
        startedCopying();
        return await new Promise(() => {});
      });
      return { upstreamHost: host };
    });
    const { child, result } = startCli(['sync', '--config', config, '--json']);
    await Promise.race([copying, result]);
    child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await result;
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' });
    expect(JSON.parse(stderr)).toEqual({
      error: { code: 'E_STOPPED', message: 'stopped by SIGINT', retryable: false },
    });
    expect(await digestOf('22')).toBeNull();
    const signal = AbortSignal.abort(new StoppedError('SIGTERM'));
    expect(await runCli(['sync', '--config', config], { signal })).toMatchObject({ exitCode: 143 });
  });
});
