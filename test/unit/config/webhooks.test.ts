import { expect, it } from 'vitest';
import { parseConfig } from '../../../shared/config/index.ts';
import { ConfigError } from '../../../shared/errors.ts';

const GOOD = 'x'.repeat(32);

function webhooksOf(yaml: string, env: Record<string, string> = { SECRET: GOOD }) {
  return parseConfig(`webhooks:\n${yaml}`, 'longshore.yaml', env).webhooks;
}

function problemsOf(yaml: string, env?: Record<string, string>): string {
  try {
    webhooksOf(yaml, env);
    return '';
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ where, message }) => `${where} ${message}`).join('\n');
  }
}

it('a webhook is read, with its polls six hours apart where it does not say otherwise', () => {
  const hub = '  - { name: hub, from: docker-hub, registry: docker.io, secret: { env: SECRET } }\n';
  const ghcr =
    '  - { name: gh-1, from: github, registry: ghcr.io, secret: { keyVaultSecret: "https://acme.vault.azure.net/secrets/gh" }, pollEvery: 1d }\n';
  expect(webhooksOf(hub + ghcr)).toEqual([
    {
      name: 'hub',
      from: 'docker-hub',
      registry: 'docker.io',
      secrets: [{ env: 'SECRET' }],
      pollEveryMs: 6 * 3_600_000,
    },
    {
      name: 'gh-1',
      from: 'github',
      registry: 'ghcr.io',
      secrets: [{ keyVaultSecret: 'https://acme.vault.azure.net/secrets/gh' }],
      pollEveryMs: 24 * 3_600_000,
    },
  ]);
  expect(parseConfig('watches: []\n', 'longshore.yaml', {}).webhooks).toEqual([]);
});

const parts = 'from: acr, registry: acme.azurecr.io, secret: { env: SECRET }';

it.each([
  ['name: Hub', 'expected lower-case letters, digits and -'],
  ['name: a/b', 'expected lower-case letters, digits and -'],
  [`name: ${'a'.repeat(64)}`, 'expected lower-case letters, digits and -'],
])('a name that is no part of a path is refused: %s', (name, message) => {
  expect(problemsOf(`  - { ${name}, ${parts} }\n`)).toContain(message);
});

it.each([
  ['{ name: a, from: gitlab, registry: r.test, secret: { env: SECRET } }', 'expected one of acr, event-grid'],
  ['{ name: a, from: acr, registry: "https://r.test", secret: { env: SECRET } }', 'webhooks[0].registry'],
  [
    '{ name: a, from: acr, registry: r.test, secret: hunter2hunter2hunter2hunter2 }',
    'which say where the secret is',
  ],
  ['{ name: a, from: acr, registry: r.test }', 'webhooks[0].secret'],
  [`{ name: a, ${parts}, pollEvery: 10s }`, 'webhooks[0].pollEvery'],
  [`{ name: a, ${parts}, secrets: x }`, 'did you mean "secret"?'],
])('what cannot be meant is refused: %s', (entry, message) => {
  const problems = problemsOf(`  - ${entry}\n`);
  expect(problems).toContain(message);
  expect(problems).not.toContain('hunter2');
});

it('two of one name are refused, where the second is', () => {
  const one = `  - { name: a, ${parts} }\n`;
  expect(problemsOf(one + one)).toBe(
    'longshore.yaml:3:13 webhooks[1].name: webhooks[0] is also called "a"; give one of them another name',
  );
});

it.each([
  [{}, 'the environment variable SECRET is not set, or empty'],
  [{ SECRET: 'hunter2' }, 'the environment variable SECRET is shorter than 24 characters'],
  [{ SECRET: `${GOOD}/hunter2` }, 'the environment variable SECRET may hold only letters'],
])('a secret that cannot be used is a problem of the configuration, and is not quoted', (env, message) => {
  const problems = problemsOf(`  - { name: a, ${parts} }\n`, env);
  expect(problems).toContain(message);
  expect(problems).not.toContain('hunter2');
});

it('a webhook may have two secrets while one is changed, and no more', () => {
  const entry = (secret: string) => `  - { name: a, from: acr, registry: r.test, secret: ${secret} }\n`;
  const env = { NEW: GOOD, OLD: `${GOOD}y` };
  expect(webhooksOf(entry('[{ env: NEW }, { env: OLD }]'), env)[0]?.secrets).toEqual([
    { env: 'NEW' },
    { env: 'OLD' },
  ]);
  expect(webhooksOf(entry('[{ env: NEW }]'), env)[0]?.secrets).toEqual([{ env: 'NEW' }]);
  expect(problemsOf(entry('[{ env: NEW }, { env: GONE }]'), env)).toMatch(
    /webhooks\[0\]\.secret\[1\]\.env: the environment variable GONE is not set, or empty$/,
  );
  expect(problemsOf(entry('[{ env: NEW }, { env: OLD }, { env: NEW }]'), env)).toContain('at most 2 entries');
  expect(problemsOf(entry('[]'), env)).toContain('webhooks[0].secret: must not be empty');
  const plain = problemsOf(entry(`[${GOOD}, { env: OLD }]`), env);
  expect(plain).toContain('which say where the secret is');
  expect(plain).not.toContain(GOOD);
});
