import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfiguration } from '../../local/demo-configuration.ts';
import { demoImages, pushContent } from '../../local/demo-content/index.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { newStorageAccount } from '../helpers/azurite.ts';
import { type CliResult, runCli, runCliProcess } from '../helpers/cli.ts';

describe('commands that work with a stack', () => {
  let stack: Stack;
  let folder: string;
  /** The status before anything was polled, and the first poll. */
  let untouched: CliResult;
  let first: CliResult;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longshore-cli-'));
    stack = await startStack({
      folder,
      ports: 'free',
      storage: await newStorageAccount(),
      configuration: demoConfiguration,
    });
    for (const { repository, tags, content } of await demoImages({ bytesPerLayer: 1024 })) {
      await pushContent(stack.upstream.url, repository, tags, content);
    }
    untouched = await run('status');
    first = await run('poll');
  }, 60_000);

  afterAll(async () => {
    await stack.close();
    await rm(folder, { recursive: true, force: true });
  });

  const run = (...args: string[]) => runCli(args, { environment: stack.settings });

  it('status of a new stack is all zero', () => {
    expect(untouched).toEqual({
      exitCode: 0,
      stdout: '0 queued, 0 running, 0 succeeded, 0 unchanged, 0 held, 0 failed\n',
      stderr: '',
    });
  });

  it('poll queues what upstream has, status shows it, and a second poll has nothing to queue', async () => {
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(first.stdout).toMatch(/^node: 3 tags, 3 queued, 0 unchanged {2}\(\d+ listings?, 3 HEADs\)\n/);
    expect(first.stdout).toMatch(
      /^ {2}\+ 127\.0\.0\.1:\d+\/mirror\/python:3\.13 {2}sha256:[0-9a-f]{12} {2}job [0-9a-f]{32} {2}new tag$/m,
    );

    const status = await run('status');
    expect(status).toMatchObject({ exitCode: 0, stderr: '' });
    const [counts, ...sections] = status.stdout.trimEnd().split('\n\n');
    const [[header, ...jobs] = [], [, ...fares] = []] = sections.map((section) => section.split('\n'));
    expect(counts).toMatch(/^5 queued, 0 running/);
    expect(header).toMatch(/^STATE +SINCE +JOB +TARGET +DIGEST +SIZE +DETAIL$/);
    expect(jobs).toHaveLength(5);
    for (const job of jobs) {
      expect(job).toMatch(
        /^queued {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ {2}[0-9a-f]{32} {2}\S+ +sha256:[0-9a-f]{12} +new tag$/,
      );
    }

    expect(fares).toHaveLength(3);
    for (const fare of fares) expect(fare).toMatch(/^(?:node|python|\S+) +healthy +\d{4}-/);

    const again = await runCliProcess(['poll', '--json'], { environment: stack.settings });
    expect(again).toMatchObject({ exitCode: 0, stderr: '' });
    const { watches } = JSON.parse(again.stdout);
    expect(watches.map(({ queued }: { queued: unknown[] }) => queued.length)).toEqual([0, 0, 0]);
  });

  it('doctor finds a healthy stack healthy, and names what does not answer', async () => {
    const { exitCode, stdout } = await run('doctor', '--json');
    const { checks } = JSON.parse(stdout);
    expect(checks.filter(({ ok }: { ok: boolean }) => !ok)).toEqual([]);
    expect(checks.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(['settings and configuration', 'tables', 'dead letters of imports', 'clock']),
    );
    expect(exitCode).toBe(0);
    const environment = { ...stack.settings, POLLS_QUEUE: 'absent' };
    const ill = await runCli(['doctor'], { environment });
    expect(ill.exitCode).toBe(1);
    expect(ill.stdout).toMatch(/^FAILED +polls queue /m);
    const broken = await runCli(['doctor'], { environment: { ...stack.settings, ServiceBus: '' } });
    expect(broken.exitCode).toBe(1);
    expect(broken.stdout).toMatch(/^FAILED +settings and configuration /);
  }, 60_000);

  it('poll can be told which watches', async () => {
    const named = await run('poll', '--watch', 'python', '--json');
    expect(named).toMatchObject({ exitCode: 0, stderr: '' });
    const { watches } = JSON.parse(named.stdout);
    expect(watches).toMatchObject([{ watch: 'python', unchanged: 1 }]);
    expect(await run('poll', '--watch', 'pyton')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('There is no watch "pyton". The configuration has: node, python'),
    });
  });

  it('status can be narrowed down and read by programs', async () => {
    const limited = JSON.parse((await run('status', '--limit', '2', '--json')).stdout);
    expect(limited).toMatchObject({ counts: { queued: 5 }, jobs: [{ state: 'queued' }, {}] });
    expect(limited.jobs).toHaveLength(2);
    const failed = JSON.parse((await run('status', '--state', 'failed', '--json')).stdout);
    expect(failed).toMatchObject({ counts: { queued: 5 }, jobs: [] });
  });

  it('retry has nothing to do where no job failed', async () => {
    const { jobs } = JSON.parse((await run('status', '--limit', '1', '--json')).stdout);
    const [{ id }] = jobs;
    expect(await run('retry', '--all')).toEqual({
      exitCode: 3,
      stdout: '0 jobs queued again\n',
      stderr: '',
    });
    const named = await run('retry', id, 'unknown', '--json');
    expect(named).toMatchObject({ exitCode: 3, stderr: '' });
    expect(JSON.parse(named.stdout)).toEqual({ queued: [], notFailed: [id, 'unknown'] });
  });

  it('a login that is refused makes plan exit with 1, the reason in its report', async () => {
    const settings = { ...stack.settings, TARGET_PASSWORD: 'wrong' };
    const plan = await runCli(['plan', '--json'], { environment: settings });
    expect(plan.exitCode).toBe(1);
    expect(JSON.parse(plan.stdout).watches[0].errors[0]).toMatchObject({ code: 'E_DENIED' });
    expect(plan.stdout).not.toContain('"wrong"');
  });
});
