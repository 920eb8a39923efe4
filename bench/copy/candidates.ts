import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchCase } from './bench-images.ts';
import type { Link, Trust } from './links.ts';

/** The command line program as it is run from the sources. */
export const CLI = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const CURL_PIPE = fileURLToPath(new URL('./curl-pipe.sh', import.meta.url));

export interface CopyTask {
  readonly sourceHost: string;
  readonly targetHost: string;
  readonly repository: string;
  readonly tag: string;
  /** Set where the registries speak TLS. */
  readonly trust?: Trust;
}

/** A program that copies an image from registry to registry. */
export interface Candidate {
  readonly name: string;
  /** Absent: every case. */
  readonly cases?: readonly BenchCase[];
  /** Absent: every link. */
  readonly links?: readonly Link[];
  /** Prints the version; fails when the program is not installed. */
  readonly version: readonly [string, ...string[]];
  readonly command: (task: CopyTask) => readonly string[];
}

export const LONGSHORE = 'longshore';

/** `cli`: the file that Node runs as our command line program. Peers leave out what refers to an image, so it has to. */
export function longshore(cli: string): Candidate {
  return {
    name: LONGSHORE,
    version: [process.execPath, cli, '--help'],
    command: (task) => [
      ...[process.execPath, cli, 'import', '--no-referrers'],
      ...(task.trust ? ['--config', task.trust.configFile] : []),
      ...[sourceOf(task), targetOf(task)],
    ],
  };
}

export const PEERS: readonly Candidate[] = [
  {
    name: 'skopeo',
    version: ['skopeo', '--version'],
    command: (task) => [
      ...['skopeo', '--insecure-policy', 'copy', '--quiet', '--all'],
      ...(task.trust
        ? ['--src-cert-dir', task.trust.folder, '--dest-cert-dir', task.trust.folder]
        : ['--src-tls-verify=false', '--dest-tls-verify=false']),
      `docker://${sourceOf(task)}`,
      `docker://${targetOf(task)}`,
    ],
  },
  {
    name: 'crane',
    links: ['plain', 'far'],
    version: ['crane', 'version'],
    command: (task) => ['crane', 'copy', '--insecure', sourceOf(task), targetOf(task)],
  },
  {
    name: 'regctl',
    links: ['plain', 'far'],
    version: ['regctl', 'version'],
    command: (task) => [
      ...['regctl', '--host', `reg=${task.sourceHost},tls=disabled`],
      ...['--host', `reg=${task.targetHost},tls=disabled`],
      ...['image', 'copy', sourceOf(task), targetOf(task)],
    ],
  },
  {
    name: 'oras',
    links: ['plain', 'far'],
    version: ['oras', 'version'],
    command: (task) => [
      ...['oras', 'copy', '--from-plain-http', '--to-plain-http'],
      sourceOf(task),
      targetOf(task),
    ],
  },
  {
    name: 'curl | curl',
    cases: ['large'],
    links: ['plain'],
    version: ['curl', '--version'],
    command: ({ sourceHost, targetHost, repository, tag }) => [
      'bash',
      CURL_PIPE,
      `http://${sourceHost}/v2/${repository}`,
      `http://${targetHost}/v2/${repository}`,
      tag,
    ],
  },
];

/** The first line of what the program says about itself; `undefined` when it is not installed. */
export function versionOf({ version: [program, ...args] }: Candidate): string | undefined {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n', 1)[0] : undefined;
}

/**
 * An environment in which every program starts cold: skopeo remembers where it saw which blob, and does so below
 * XDG_DATA_HOME only when it believes it is not root.
 */
export function coldEnvironment(folder: string): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, NODE_COMPILE_CACHE: _cache, ...inherited } = process.env;
  return { ...inherited, XDG_DATA_HOME: join(folder, 'data-home'), _CONTAINERS_ROOTLESS_UID: '1000' };
}

function sourceOf({ sourceHost, repository, tag }: CopyTask): string {
  return `${sourceHost}/${repository}:${tag}`;
}

function targetOf({ targetHost, repository, tag }: CopyTask): string {
  return `${targetHost}/${repository}:${tag}`;
}
