import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { runCli } from '../../helpers/cli.ts';
import { temporaryFolder } from '../../helpers/test-registry.ts';

const COMMANDS = [
  '',
  'import',
  'plan',
  'forecast',
  'sync',
  'poll',
  'status',
  'retry',
  'events',
  'events list',
  'deletions',
  'deletions list',
  'deletions approve',
  'prune',
  'export',
  'import-archive',
  'archive',
  'archive show',
  'export-pipeline',
  'export-pipeline create',
  'export-pipeline delete',
  'import-pipeline',
  'import-pipeline create',
  'pipeline-run',
  'pipeline-run create',
  'pipeline-run show',
  'webhooks',
  'webhooks list',
  'doctor',
  'doctor pipeline',
  'config',
  'config check',
].map((command) => command.split(' ').filter(Boolean));

describe('the command line', () => {
  it.each(COMMANDS.map((command) => [command.join(' '), command]))(
    'explains "longshore %s" on stdout',
    async (_, command) => {
      const { exitCode, stdout, stderr } = await runCli([...command, '--help']);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(stdout).toContain(`Usage: longshore ${command.join(' ')}`.trim());
      expect(stdout.split('\n').filter((line) => line.length > 110)).toEqual([]);
      expect(stdout).not.toMatch(/undefined|\[\]/);
      // Commander takes any other spelling for a flag that has no value.
      expect(stdout).not.toMatch(/--[a-z-]+ [A-Z]+\b/);
    },
  );

  it('lists its commands and exit codes when nothing is asked of it', async () => {
    const { exitCode, stdout } = await runCli([]);
    expect(exitCode).toBe(0);
    for (const word of ['import', 'plan', 'sync', 'poll', 'status', 'retry', 'config', 'Exit codes']) {
      expect(stdout).toContain(word);
    }
  });

  it('knows its version', async () => {
    expect(await runCli(['--version'])).toEqual({
      exitCode: 0,
      stdout: `${packageJson.version}\n`,
      stderr: '',
    });
  });

  it.each([
    [['imprt'], "unknown command 'imprt'\n(Did you mean import?)"],
    [['config'], 'expected a command'],
    [['config', 'chekc'], "unknown command 'chekc'\n(Did you mean check?)"],
    [['plan', '--confg', 'x'], "unknown option '--confg'\n(Did you mean --config?)"],
    [['import', 'node:22'], "missing required argument 'target'"],
    [['import', 'a', 'b', 'c'], 'too many arguments'],
    [['status', '--limit', '0'], 'Expected a whole number from 1 on.'],
    [['status', '--state', 'lost'], 'Allowed choices are queued, running'],
  ])('says what is wrong with %j, on stderr or as JSON', async (args, reason) => {
    const plain = await runCli(args);
    expect(plain).toMatchObject({ exitCode: 2, stdout: '' });
    expect(plain.stderr).toMatch(/^longshore: /);
    expect(plain.stderr).toContain(reason);
    // Where a command has no --json, that is what is wrong; the answer is JSON all the same.
    const json = await runCli([...args, '--json']);
    expect(json).toMatchObject({ exitCode: 2, stdout: '' });
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: 'E_USAGE' } });
  });
});

it.each([
  [['imprt'], 'longshore --help'],
  [['import', 'node:22'], 'longshore import --help'],
  [['config'], 'longshore config --help'],
  [['config', 'check', 'a.yaml', 'b.yaml'], 'longshore config check --help'],
  [['deletions', 'aprove'], 'longshore deletions --help'],
])('%j is told which help to read', async (args, help) => {
  expect((await runCli(args)).stderr).toMatch(new RegExp(`\nTry: ${help}\n$`));
});

it('explains a command within a command, and says of one that is none that it is unknown', async () => {
  expect(await runCli(['help', 'config', 'check'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^Usage: longshore config check /),
  });
  expect(await runCli(['help', 'nosuch'])).toMatchObject({
    exitCode: 2,
    stderr: "longshore: unknown command 'nosuch'\nTry: longshore --help\n",
  });
});

it.each([
  [['nosuch', '--help'], "unknown command 'nosuch'"],
  [['imprt', '-h'], "unknown command 'imprt'\n(Did you mean import?)"],
  [['config', 'nosuch', '--help'], "unknown command 'nosuch'"],
  [['help', 'config', 'nosuch'], "unknown command 'nosuch'"],
])('%j is told that there is no such command, not helped with another one', async (args, reason) => {
  const { exitCode, stdout, stderr } = await runCli(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain(reason);
});

it.each([[[]], [['0f', '--all']]])('retry %j says that it needs either ids or --all', async (args) => {
  const { exitCode, stdout, stderr } = await runCli(['retry', ...args]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain('either the ids of jobs, or --all');
});

describe('the settings of a command', () => {
  const config = 'watches: []\n';

  it('come from local.settings.json where the environment has none', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'mine.yaml');
    await writeFile(file, config);
    const settings = { IsEncrypted: false, Values: { LONGSHORE_CONFIG: file } };
    await writeFile(join(folder, 'local.settings.json'), JSON.stringify(settings));
    expect(await runCli(['config', 'check'], { folder })).toMatchObject({
      exitCode: 0,
      stdout: `${file} is valid: 0 watches\n`,
    });
    const other = join(folder, 'other.yaml');
    await writeFile(other, config);
    expect(
      await runCli(['config', 'check'], { folder, environment: { LONGSHORE_CONFIG: other } }),
    ).toMatchObject({ exitCode: 0, stdout: `${other} is valid: 0 watches\n` });
  });

  it('are a configuration problem when the file makes no sense, and none of it is repeated', async () => {
    const folder = await temporaryFolder();
    await writeFile(
      join(folder, 'local.settings.json'),
      '{ "Values": { "ServiceBus": SharedAccessKey=hunter2',
    );
    const { exitCode, stdout, stderr } = await runCli(['status', '--json'], { folder });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'E_CONFIG', problems: [{ where: 'local.settings.json' }] },
    });
    expect(stderr).not.toContain('hunter2');
  });

  it.each(['status', 'poll', 'retry --all'])('that %s lacks are all named', async (command) => {
    const folder = await temporaryFolder();
    const { exitCode, stderr } = await runCli(command.split(' '), { folder });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /has 2 problems:\n {2}ServiceBus: is missing.*\n {2}AzureWebJobsStorage: is missing/,
    );
  });
});

it('takes the time and the pattern of "events list"', async () => {
  const { exitCode, stderr } = await runCli(['events', 'list', '--since', 'soon', '--target', 'a/*']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--since soon is not a time in the past.');
});
