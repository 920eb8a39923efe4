import * as z from 'zod';
import { ConfigError } from '../../errors.ts';
import type { Credentials } from '../../registry/index.ts';
import { parseJson } from '../parse-json.ts';

// What "docker login" and credential helpers leave in config.json; the many other keys do not concern us.
const entrySchema = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
});
const configSchema = z.object({
  auths: z.record(z.string(), entrySchema).nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
  credsStore: z.string().nullish(),
});

type Entry = z.output<typeof entrySchema>;

export interface DockerConfig {
  /** For messages. */
  readonly path: string;
  readonly auths: Readonly<Record<string, Entry>>;
  readonly credHelpers: Readonly<Record<string, string>>;
  readonly credsStore: string | undefined;
}

/**
 * Reads the text of Docker's `config.json`.
 * @throws ConfigError that quotes nothing of it, for half of it may be secrets.
 */
export function parseDockerConfig(text: string, path: string): DockerConfig {
  const { data } = configSchema.safeParse(parseJson(text));
  if (!data) {
    const message = 'is not a configuration of Docker; repair it, or let DOCKER_CONFIG name another folder';
    throw new ConfigError([{ where: path, message }]);
  }
  const { auths, credHelpers, credsStore } = data;
  return {
    path,
    auths: auths ?? {},
    credHelpers: credHelpers ?? {},
    credsStore: credsStore || undefined,
  };
}

/** The helper program's name for a registry, without `docker-credential-`. */
export function helperFor({ credHelpers, credsStore }: DockerConfig, registry: string): string | undefined {
  return entryOf(credHelpers, registry) || credsStore;
}

/** What the file itself holds for a registry. @throws ConfigError for an entry that cannot be read */
export function storedCredentials(config: DockerConfig, registry: string): Credentials | undefined {
  const entry = entryOf(config.auths, registry);
  if (entry?.identitytoken) return { kind: 'token', token: entry.identitytoken };
  if (entry?.auth) return decodeLogin(entry.auth, config, registry);
  if (entry?.username && entry.password) {
    return { kind: 'password', username: entry.username, password: entry.password };
  }
  return undefined;
}

function decodeLogin(auth: string, { path }: DockerConfig, registry: string): Credentials {
  const login = Buffer.from(auth, 'base64').toString('utf8');
  const colon = login.indexOf(':');
  // Docker has written passwords filled up with zero bytes.
  const password = login.slice(colon + 1).replace(/\0+$/, '');
  if (colon > 0 && password !== '') return { kind: 'password', username: login.slice(0, colon), password };
  const message = `auths: the entry of ${registry} is not the base64 of USER:PASSWORD; log in again with "docker login ${registry}"`;
  throw new ConfigError([{ where: path, message }]);
}

const DOCKER_HUB = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];

/** The name under which Docker and its helpers keep the credentials of a registry. */
export function serverName(registry: string): string {
  return DOCKER_HUB.includes(registry) ? 'https://index.docker.io/v1/' : registry;
}

/** Keys are hosts, or URLs of API roots. A key with a longer path is for part of a registry only, not for all of it. */
function entryOf<T>(entries: Readonly<Record<string, T>>, registry: string): T | undefined {
  const exact = [serverName(registry), registry].find((key) => Object.hasOwn(entries, key));
  if (exact !== undefined) return entries[exact];
  const key = Object.keys(entries).find((name) => hostOf(name) === hostOf(registry));
  return key === undefined ? undefined : entries[key];
}

function hostOf(key: string): string {
  const host = key
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/\/(?:v[12]\/?)?$|\/v[12]$/, '');
  return DOCKER_HUB.includes(host) ? 'docker.io' : host;
}
