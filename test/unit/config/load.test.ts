import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfigFile, parseConfig } from '../../../shared/config/index.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { createTagSelector } from '../../../shared/mirror/index.ts';

const FILE = 'longshore.yaml';

function problemsOf(text: string, env: Record<string, string> = {}): string[] {
  try {
    parseConfig(text, FILE, env);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ where, message }) => `${where} ${message}`);
    throw error;
  }
  return [];
}

/** A file with one watch that is right but for the given lines. */
function watchWith(lines: string): string {
  return `watches:\n  - source: docker.io/library/node\n    target: acme.azurecr.io/base/node\n    tags: "22"\n${lines}`;
}

function exportPipelineWith(line: string): string {
  const uri = 'https://acme.blob.core.windows.net/outbound';
  const target = `{ uri: "${uri}", storageAccessMode: ManagedIdentity }`;
  return `transfer: { registry: a.io, exportPipelines: [{ name: outbound, target: ${target}, longshore: { ${line} } }] }`;
}

function tagsOf(yaml: string) {
  const text = `watches: [{ source: node, target: acme.azurecr.io/node, tags: ${yaml} }]`;
  return parseConfig(text, FILE, {}).watches[0]?.tags;
}

describe('reading a configuration', () => {
  it('gives parsed values, with defaults where a watch says nothing', () => {
    const config = parseConfig(
      `
defaults: { schedule: "0 * * * *", platforms: [linux/amd64] }
watches:
  - source: node
    targets: [acme.azurecr.io/base/node, dr.azurecr.io/base/node]
    tags: ["22", "24"]
  - name: net
    source: mcr.microsoft.com/dotnet/aspnet
    target: acme.azurecr.io/base/aspnet
    tags: "9.*"
    schedule: "30 0 6 * * *"
    platforms: [linux/arm/v7]
    referrers: false
`,
      FILE,
      {},
    );
    expect(config).toMatchObject({
      registries: new Map(),
      patterns: [],
      watches: [
        {
          name: 'docker.io/library/node',
          source: { registry: 'docker.io', repository: 'library/node' },
          targets: [
            { registry: 'acme.azurecr.io', repository: 'base/node' },
            { registry: 'dr.azurecr.io', repository: 'base/node' },
          ],
          tags: { include: ['22', '24'], exclude: [] },
          schedule: { cron: '0 * * * *', timezone: 'UTC', jitterMs: 0 },
          platforms: [{ os: 'linux', architecture: 'amd64' }],
          referrers: true,
        },
        {
          name: 'net',
          source: { registry: 'mcr.microsoft.com', repository: 'dotnet/aspnet' },
          targets: [{ registry: 'acme.azurecr.io', repository: 'base/aspnet' }],
          tags: { include: ['9.*'], exclude: [] },
          schedule: { cron: '30 0 6 * * *', timezone: 'UTC', jitterMs: 0 },
          platforms: [{ os: 'linux', architecture: 'arm', variant: 'v7' }],
          referrers: false,
        },
      ],
    });
  });

  it('keeps copies of what upstream deletes unless the file or a watch says otherwise', () => {
    const { watches } = parseConfig(
      `
defaults: { deletions: propose }
watches:
  - { source: node, target: acme.azurecr.io/node, tags: "22" }
  - { source: python, target: acme.azurecr.io/python, tags: "3", deletions: report }
`,
      FILE,
      {},
    );
    expect(watches.map(({ deletions }) => deletions)).toEqual(['propose', 'report']);
    const [plain] = parseConfig(
      'watches: [{ source: a, target: acme.azurecr.io/a, tags: "1" }]',
      FILE,
      {},
    ).watches;
    expect(plain?.deletions).toBe('report');
  });

  it('looks every quarter of an hour at every platform unless told otherwise', () => {
    expect(parseConfig(watchWith(''), FILE, {}).watches).toMatchObject([
      { schedule: { cron: '*/15 * * * *', timezone: 'UTC', jitterMs: 0 }, platforms: [] },
    ]);
  });

  it.each([
    ['"22"', { include: ['22'], exclude: [] }],
    ['["22", "24-*"]', { include: ['22', '24-*'], exclude: [] }],
    ['{ include: "*" }', { include: ['*'], exclude: [] }],
    [
      '{ include: ["{20,22}{,-alpine}"], exclude: "*-rc[0-9]" }',
      { include: ['{20,22}{,-alpine}'], exclude: ['*-rc[0-9]'] },
    ],
  ])('reads the tags %s', (yaml, rules) => {
    expect(tagsOf(yaml)).toEqual(rules);
  });

  it('keeps records of what is over for 90 days unless told otherwise', () => {
    const day = 24 * 60 * 60_000;
    expect(parseConfig('watches: []', FILE, {}).retentionMs).toBe(90 * day);
    expect(parseConfig('retention: 7d', FILE, {}).retentionMs).toBe(7 * day);
    expect(problemsOf('retention: 6d')).toEqual([
      'longshore.yaml:1:12 retention: expected a length of time such as 90s, 15m, 6h or 3d, from 604800 to 315360000 seconds',
    ]);
  });

  it('lets through only tag rules that a selector can be made of', () => {
    const rule = fc.string({
      unit: fc.constantFrom(...'ab19.-_*?[]{},!^/()|+@\\'),
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(rule, (text) => {
        const file = { watches: [{ source: 'node', target: 'a.io/b', tags: text }] };
        if (problemsOf(JSON.stringify(file)).length > 0) return;
        const selector = createTagSelector({ include: [text], exclude: [] });
        expect(() => selector.explain('a1')).not.toThrow();
        if (!/[*?[{]/.test(text)) expect(selector.exactTags).toEqual([text]);
      }),
    );
  });

  it('keeps watches of one repository and those of many apart', () => {
    const { watches, patterns } = parseConfig(
      `watches:
  - { source: harbor.corp/apps/*, targets: [a.io/apps/*, b.io/x-**], tags: "1", paused: true }
  - { name: one, source: harbor.corp/apps/web, target: a.io/web, tags: "1" }`,
      FILE,
      {},
    );
    expect(watches.map(({ name }) => name)).toEqual(['one']);
    expect(patterns).toMatchObject([
      {
        name: 'harbor.corp/apps/*',
        source: { registry: 'harbor.corp', prefix: 'apps/', suffix: '', isDeep: false },
        targets: [
          { registry: 'a.io', prefix: 'apps/' },
          { registry: 'b.io', prefix: 'x-' },
        ],
        tags: { include: ['1'], exclude: [] },
        paused: true,
      },
    ]);
  });

  it('is frozen through and through', () => {
    const config = parseConfig(
      `registries: { ghcr.io: { credentials: { username: u, password: { env: TOKEN } } } }\n${watchWith('')}`,
      FILE,
      { TOKEN: 'x' },
    );
    for (const value of [config, config.watches, config.watches[0], config.watches[0]?.tags.include]) {
      expect(Object.isFrozen(value)).toBe(true);
    }
    expect(Object.isFrozen(config.registries.get('ghcr.io')?.credentials)).toBe(true);
  });

  it('says which registries may be in a private network', () => {
    const { registries } = parseConfig(
      'registries: { "harbor.corp:5000": { private: true }, ghcr.io: {} }',
      FILE,
      {},
    );
    expect([...registries]).toEqual([
      ['harbor.corp:5000', { private: true }],
      ['ghcr.io', {}],
    ]);
  });

  it('resolves anchors and aliases', () => {
    const text = `watches:
  - { source: node, target: acme.io/node, tags: &tags ["22", "24"] }
  - { source: python, target: acme.io/python, tags: *tags }`;
    expect(parseConfig(text, FILE, {}).watches[1]?.tags.include).toEqual(['22', '24']);
  });
});

describe('what is wrong with a configuration', () => {
  it('is told in one go, in the order of the file, each with its place', () => {
    const text = `registries:
  ghcr.io:
    credentials: { user: acme, password: { env: MISSING } }
default: {}
watches:
  - source: node
    taregt: acme.azurecr.io/node
    tags: [22, "a b"]
    schedule: "61 * * * *"
  - source: a.io/b
    target: c.io/d
    tags: { includes: x }
    platforms: [linux]
`;
    expect(problemsOf(text)).toEqual([
      `${FILE}:3:18 registries.ghcr.io.credentials.username: is missing; expected text`,
      `${FILE}:3:20 registries.ghcr.io.credentials.user: unknown key; did you mean "username"?`,
      `${FILE}:3:49 registries.ghcr.io.credentials.password.env: the environment variable MISSING is not set, or empty`,
      `${FILE}:4:1 default: unknown key; did you mean "defaults"?`,
      `${FILE}:6:5 watches[0]: expected either target or targets`,
      `${FILE}:7:5 watches[0].taregt: unknown key; did you mean "target"?`,
      `${FILE}:8:12 watches[0].tags[0]: expected text or a mapping, found a number; put it in quotes`,
      expect.stringContaining(`${FILE}:8:16 watches[0].tags[1]: expected a tag such as 22-alpine, or a glob`),
      expect.stringMatching(
        /:9:15 watches\[0\]\.schedule: expected a cron expression .* \(Invalid value for minute: 61\)$/,
      ),
      expect.stringContaining(`${FILE}:12:11 watches[1].tags: expected at least one of match, regex, semver`),
      `${FILE}:12:13 watches[1].tags.includes: unknown key; did you mean "include"?`,
      expect.stringContaining(`${FILE}:13:17 watches[1].platforms[0]: "linux" is not a platform.`),
    ]);
  });

  it.each([
    ['', ':1:1 expected a mapping, found nothing'],
    ['[]', ':1:1 expected a mapping, found a list'],
    ['watches: 5', ':1:10 watches: expected a list, found a number'],
    ['frob: 1', ':1:1 frob: unknown key; expected one of registries, defaults, watches'],
    ['watches: []\nwatches: []', ':2:1 the key is given twice in the same mapping'],
    ['watches: []\n---\nwatches: []', ':2:1 expected one document, found a second one after "---"'],
    ['watches: *nope', ':1:10 the alias (*) has no anchor (&) before it'],
    ['watches: !secret []', ':1:10 not valid YAML: Unresolved tag'],
    ['? [a]\n: []', ':1:3 not valid YAML: With stringKeys, all keys must be strings'],
    ['watches:\n\t- a', ':2:1 not valid YAML: Tabs are not allowed as indentation'],
    ['__proto__: {}', ':1:1 __proto__: unknown key; expected one of registries, defaults, watches'],
    [
      'registries: { acme: {} }',
      ':1:15 registries.acme: expected a registry host, with a port where needed, such as harbor.corp:5000',
    ],
    [
      'registries: { "*": {} }',
      ':1:15 registries.*: expected a registry host, with a port where needed, such as harbor.corp:5000',
    ],
    ['registries: { a.io: { family: dockerhub } }', 'family: expected one of docker-hub, acr, quay, harbor'],
    ['registries: { GHCR.io: {} }', ':1:15 registries.GHCR.io: the registry host must be lower case'],
    [
      'registries: { index.docker.io: {} }',
      ':1:15 registries.index.docker.io: expected docker.io, which is the name used in references',
    ],
    ['defaults: { schedule: "0 0 30 2 *" }', 'this one names a time that never comes'],
    [
      'defaults: { schedule: { every: 15 minutes } }',
      ':1:32 defaults.schedule.every: expected a length of time such as',
    ],
    ['defaults: { schedule: 5m }', '; a length of time is written { every: 5m }'],
    [
      'defaults: { schedule: { every: 5 } }',
      'defaults.schedule.every: expected a length of time such as 90s, 15m, 6h or 3d',
    ],
    [
      'defaults: { schedule: "2026-01-01T00:00:00" }',
      ':1:23 defaults.schedule: expected a cron expression of 5 or 6 fields',
    ],
    ['defaults: { platforms: [] }', ':1:24 defaults.platforms: must not be empty'],
    [watchWith('    targets: [a.io/b]'), ':2:5 watches[0]: expected either target or targets'],
    [watchWith('    name: "-x"'), ':5:11 watches[0].name: expected letters'],
    [
      'watches: [{ source: "node:22", target: a.io/b, tags: x }]',
      '"node:22" has a tag. Expected a repository without tag or digest: [HOST[:PORT]/]REPOSITORY.',
    ],
    [
      'watches: [{ source: node, target: a.io/b, tags: 22 }]',
      'watches[0].tags: expected text, a list, or a mapping, found a number; put it in quotes',
    ],
    ['watches: [{ source: node, target: a.io/b, tags: [] }]', 'watches[0].tags: must not be empty'],
    ['watches: [{ source: node, target: a.io/b, tags: "-x" }]', 'expected a tag: at most 128 characters'],
    ['watches: [{ source: node, target: a.io/b, tags: "[9-0]" }]', 'a range in [ ] must run upwards'],
    [
      'watches: [{ source: node, target: a.io/b, tags: "{1..3}" }]',
      'ranges such as {1..3} are not supported',
    ],
    ['watches: [{ source: node, target: a.io/b, tags: "{a}" }]', 'expected a tag such as'],
    [
      'watches: [{ source: node, target: a.io/b, tags: ">=22" }]',
      'a range of versions goes to the key semver, as in { semver: ">=22" }',
    ],
    ['watches: [{ source: node, target: a.io/b, tags: [22] }]', 'tags[0]: expected text or a mapping'],
    ['watches: [{ source: node, target: a.io/b, tags: [~] }]', 'tags[0]: expected text or a mapping'],
    [
      'watches: [{ source: node, target: a.io/b, tags: { newest: "3" } }]',
      'newest: expected a number or a mapping, found text; leave out the quotes',
    ],
    [
      'watches: [{ source: node, target: a.io/b, tags: [*-alpine] }]',
      'text that begins with * is put in quotes',
    ],
    [
      'watches: [{ source: "a.io/x/*", target: b.io/x, tags: x }]',
      'watches[0].target: the source matches many repositories, so the target needs a *',
    ],
    [
      'watches: [{ source: a.io/x, target: "b.io/*", tags: x }]',
      'the target has a * and the source has none',
    ],
    ['watches: [{ source: "a.io/*/*", target: "b.io/*", tags: x }]', 'it needs one *'],
    ['watches: [{ source: "A.io/*", target: "b.io/*", tags: x }]', 'the registry host must be lower case'],
    ['watches: [{ source: "a.io/*", target: "a.io/*", tags: x }]', 'a.io/* cannot be a copy of itself'],
    ...['partSize: -5', 'partSize: 0', 'artifactLimit: -1'].map((line) => [
      exportPipelineWith(line),
      `.longshore.${line.split(':', 1)}: expected more than 0`,
    ]),
    [`watches: ${'['.repeat(100_000)}`, 'nested too deeply'],
  ])('what is wrong is said once, where it stands: case %#', (text, problem) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it.each([
    [
      'a',
      'b',
      ':3:31 watches[1].target: acme.io/x is already a copy of a.io/a (watches[0]); a repository has one source',
    ],
    ['a', 'a', ':3:15 watches[1].source: watches[0] is also called "a.io/a"; give one of them another name'],
  ])('one target from the sources %s and %s', (first, second, problem) => {
    const text = `watches:
  - { source: a.io/${first}, target: acme.io/x, tags: "1" }
  - { source: a.io/${second}, target: acme.io/x, tags: "2" }`;
    expect(problemsOf(text)).toEqual([expect.stringContaining(problem)]);
  });

  it('takes one target from one source in two watches, if they agree on the platforms', () => {
    const text = (platforms: string) => `watches:
  - { name: one, source: a.io/a, target: acme.io/x, tags: "1", platforms: [linux/amd64, linux/arm64] }
  - { name: two, source: a.io/a, target: acme.io/x, tags: "2", platforms: [${platforms}] }`;
    expect(problemsOf(text('linux/arm64, linux/amd64'))).toEqual([]);
    expect(problemsOf(text('linux/amd64'))).toEqual([
      expect.stringContaining('watches[0] copies other platforms (linux/amd64, linux/arm64) to acme.io/x'),
    ]);
  });

  it('refuses a repository that is its own target, or named twice', () => {
    const text = 'watches: [{ source: a.io/b, targets: [a.io/b, c.io/d, c.io/d], tags: "1" }]';
    expect(problemsOf(text)).toEqual([
      expect.stringContaining('watches[0].targets[0]: a.io/b cannot be a copy of itself'),
      expect.stringContaining('watches[0].targets[2]: c.io/d is named twice'),
    ]);
  });

  it('refuses aliases that stand for more and more', () => {
    const levels = Array.from(
      { length: 8 },
      (_, at) => `l${at + 1}: &l${at + 1} [${`*l${at},`.repeat(9)}*l${at}]`,
    );
    const problems = problemsOf(['l0: &l0 [x, x]', ...levels].join('\n'));
    expect(problems).toEqual([`${FILE}:1:1 too many aliases (*): at most 100 are resolved`]);
  });

  it('counts no entries where a number is too large', () => {
    expect(problemsOf('registries: { a.io: { budget: { limit: 9999999999, window: 6h } } }')).toEqual([
      `${FILE}:1:40 registries.a.io.budget.limit: expected at most 1000000000`,
    ]);
  });

  it('has the place of the value that counts, behind an alias and of a key given twice', () => {
    const text =
      'registries:\n  a.io: &it { privat: true }\n  b.io: *it\n  b.io: { plainHttp: 1 }\n  c.io: *it';
    expect(problemsOf(text)).toEqual([
      `${FILE}:2:15 registries.a.io.privat: unknown key; did you mean "private"?`,
      `${FILE}:2:15 registries.c.io.privat: unknown key; did you mean "private"?`,
      `${FILE}:4:3 the key is given twice in the same mapping`,
      `${FILE}:4:22 registries.b.io.plainHttp: expected true or false, found a number`,
    ]);
  });

  it('is counted, and told as far as anybody reads, when there is very much of it', () => {
    const text = Array.from({ length: 150 }, (_, at) => `key${at}: 1`).join('\n');
    expect(problemsOf(text)).toHaveLength(100);
    expect(() => parseConfig(text, FILE, {})).toThrow(/has 150 problems:.* {2}and 50 more$/s);
  });

  it('refuses a file of more than 1 MiB', () => {
    expect(problemsOf(`# ${'x'.repeat(1024 * 1024)}`)).toEqual([
      `${FILE} the file is larger than 1048576 bytes, the most that is read`,
    ]);
  });

  it('never quotes a secret, neither a misplaced one nor the value of a variable', () => {
    const misplaced = [
      'registries: { a.io: { credentials: { username: u, password: hunter2 } } }',
      'registries: { a.io: { credentials: { username: u, password: { env: "hunter2!" } } } }',
      'registries: { a.io: { credentials: { username: u, password: @hunter2 } } }',
      'registries: { a.io: { credentials: { username: u, password: "hunter2 } } }',
      'registries: { a.io: { credentials: { username: u, password: {env: A}} hunter2 } }',
      'watches: [{ source: "https://u:hunter2@a.io/b", target: c.io/d, tags: "1" }]',
      'registries: { a.io: { credentials: { username: "", password: { env: A } } } }',
    ];
    for (const text of misplaced) {
      const problems = problemsOf(text, { A: 'hunter2' });
      expect(problems).not.toEqual([]);
      expect(problems.join()).not.toContain('hunter2');
    }
  });

  it('is a ConfigError with places for any text at all', () => {
    const noise = fc.array(
      fc.constantFrom(
        'watches',
        'source',
        'tags',
        ': ',
        '- ',
        '\n',
        '  ',
        '{',
        '}',
        '[',
        ']',
        '*a',
        '&a ',
        '"',
        '!x ',
        '|',
        'x',
        '1',
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(noise, (pieces) => {
        for (const problem of problemsOf(pieces.join('')))
          expect(problem).toMatch(/^longshore\.yaml:\d+:\d+ ./);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a configuration file', () => {
  it('is read from disk, and named in what is wrong with it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'longshore-config-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, 'longshore.yaml');
    await expect(loadConfigFile(path, {})).rejects.toThrow(
      /longshore\.yaml: there is no such file; create it, or name another with --config or the setting LONGSHORE_CONFIG$/,
    );
    await expect(loadConfigFile(folder, {})).rejects.toThrow(/is not a file/);
    await writeFile(path, watchWith(''));
    expect((await loadConfigFile(path, {})).watches).toHaveLength(1);
    await writeFile(path, 'x: 1');
    await expect(loadConfigFile(path, {})).rejects.toThrow(`${path}:1:1: x: unknown key`);
    await writeFile(path, ' '.repeat(1024 * 1024 + 1));
    await expect(loadConfigFile(path, {})).rejects.toThrow(/larger than 1048576 bytes/);
  });
});
