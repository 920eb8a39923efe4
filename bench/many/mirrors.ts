import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface MirrorTask {
  readonly sourceHost: string;
  readonly targetHost: string;
  /** With their tags. */
  readonly repositories: ReadonlyMap<string, readonly string[]>;
}

/** A program that makes one registry hold what another does. */
export interface Mirror {
  readonly name: string;
  /** Prints the version; fails when the program is not installed. */
  readonly version: readonly [string, ...string[]];
  /** Exit codes that are no failure. */
  readonly succeeds: readonly number[];
  /** Writes what it has to be told into `folder`. Resolves to the command. */
  readonly prepare: (task: MirrorTask, folder: string) => Promise<readonly string[]>;
}

/** Of all repositories; skopeo keeps only the last part of a name. */
export const NAMESPACE = 'bench';
export const LONGSHORE = 'longshore';
export const SKOPEO = 'skopeo sync';
export const CRANE = 'crane copy -a';
export const REGSYNC = 'regsync once';

/** `cli`: the file that Node runs as our command line program. Peers leave out what refers to an image, so it has to. */
export function longshoreSync(cli: string): Mirror {
  return {
    name: LONGSHORE,
    version: [process.execPath, cli, '--help'],
    // 3: nothing to do.
    succeeds: [0, 3],
    async prepare({ sourceHost, targetHost, repositories }, folder) {
      const file = join(folder, 'longshore.yaml');
      const watches = Array.from(repositories.keys(), (repository) => ({
        source: `${sourceHost}/${repository}`,
        target: `${targetHost}/${repository}`,
        tags: '*',
        referrers: false,
      }));
      // JSON is YAML.
      await writeFile(file, JSON.stringify({ watches }));
      return [process.execPath, cli, 'sync', '--config', file];
    },
  };
}

/** Those that are installed take part; all but skopeo come by `go install`, see docs/benchmarks.md. */
export const PEERS: readonly Mirror[] = [
  {
    name: CRANE,
    version: ['crane', 'version'],
    succeeds: [0],
    async prepare({ sourceHost, targetHost, repositories }, folder) {
      const file = join(folder, 'crane.sh');
      const copies = Array.from(
        repositories.keys(),
        (name) => `crane copy -a --insecure ${sourceHost}/${name} ${targetHost}/${name}`,
      );
      await writeFile(file, ['set -e', ...copies].join('\n'));
      return ['bash', file];
    },
  },
  {
    name: REGSYNC,
    version: ['regsync', 'version'],
    succeeds: [0],
    async prepare({ sourceHost, targetHost, repositories }, folder) {
      const file = join(folder, 'regsync.yaml');
      const creds = [sourceHost, targetHost].map((registry) => ({
        registry,
        tls: 'disabled',
        reqConcurrent: 8,
      }));
      const sync = Array.from(repositories.keys(), (name) => ({
        source: `${sourceHost}/${name}`,
        target: `${targetHost}/${name}`,
        type: 'repository',
      }));
      await writeFile(file, JSON.stringify({ version: 1, creds, defaults: { parallel: 8 }, sync }));
      return ['regsync', 'once', '-c', file];
    },
  },
  {
    name: SKOPEO,
    version: ['skopeo', '--version'],
    succeeds: [0],
    async prepare({ sourceHost, targetHost, repositories }, folder) {
      const file = join(folder, 'skopeo.yaml');
      const source = { images: Object.fromEntries(repositories), 'tls-verify': false };
      await writeFile(file, JSON.stringify({ [sourceHost]: source }));
      return [
        ...['skopeo', '--insecure-policy', 'sync', '--src', 'yaml', '--dest', 'docker'],
        ...['--all', '--dest-tls-verify=false', file, `${targetHost}/${NAMESPACE}`],
      ];
    },
  },
];

/** The first line of what the program says about itself; `undefined` when it is not installed. */
export function versionOf({ version: [program, ...args] }: Mirror): string | undefined {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n', 1)[0] : undefined;
}
