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

/** `cli`: the file that Node runs as our command line program. Peers leave out what refers to an image, so it has to. */
export function longshoreSync(cli: string): Mirror {
  return {
    name: LONGSHORE,
    version: [process.execPath, cli, '--help'],
    // 3: nothing to do.
    succeeds: [0, 3],
    async prepare({ sourceHost, targetHost, repositories }, folder) {
      const file = join(folder, 'longshore.yaml');
      const watches = Array.from(repositories, ([repository, tags]) => ({
        source: `${sourceHost}/${repository}`,
        target: `${targetHost}/${repository}`,
        tags,
        referrers: false,
      }));
      // JSON is YAML.
      await writeFile(file, JSON.stringify({ watches }));
      return [process.execPath, cli, 'sync', '--config', file];
    },
  };
}

export const PEERS: readonly Mirror[] = [
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
