import { Command } from 'commander';
import prettyBytes from 'pretty-bytes';
import {
  connectRegistries,
  type ShownArchive,
  type ShownArtifact,
  showArchive,
} from '../../shared/app/index.ts';
import { columns } from '../columns.ts';
import { countOf } from '../count-of.ts';
import { EXIT } from '../exit-codes.ts';
import type { Run } from '../program.ts';
import { withShortDigests } from '../short-digest.ts';
import { addOpenFlags, type OpenFlags, openCall } from '../transfer/archive-flags.ts';

/** `longshore archive show`: what an archive holds, and what a registry lacks of it. */
export function archiveCommand(run: Run): Command {
  return new Command('archive').description('look into archives').addCommand(
    addOpenFlags(
      new Command('show')
        .description('list what an archive holds, and what a registry lacks of it')
        .argument('<file|url>', 'a path, or the address of a blob; of a split archive, any part')
        .option('--registry <host>', 'say what this registry lacks'),
    ).action((from: string, flags: OpenFlags & { readonly registry?: string }) =>
      run(async ({ streams, output, environment }) => {
        const call = { ...openCall(from, flags), environment, signal: streams.signal };
        const { registry } = flags;
        const registries =
          registry === undefined
            ? undefined
            : await connectRegistries({ configFile: flags.config, environment });
        try {
          const target =
            registries && registry !== undefined ? { registry, repository: registries } : undefined;
          const shown = await showArchive({ ...call, target });
          output.result(shown, describe(shown));
          return EXIT.ok;
        } finally {
          await registries?.close();
        }
      }),
    ),
  );
}

function describe({ from, parts, signedBy, base, artifacts }: ShownArchive): readonly string[] {
  return [
    `${from}: ${countOf(artifacts.length, 'artifact')}${parts.length > 1 ? ` in ${countOf(parts.length, 'part')}` : ''}`,
    ...columns(
      [
        ...(signedBy === undefined ? [] : [['signed by', withShortDigests(signedBy)]]),
        ...(base === undefined ? [] : [['builds upon', withShortDigests(base)]]),
      ],
      '  ',
    ),
    ...columns(artifacts.map(rowOf), '  '),
  ];
}

function rowOf({ name, digest, size, platforms, referrers, gap }: ShownArtifact): readonly string[] {
  const words = [
    platforms.join(', '),
    referrers ? countOf(referrers, 'referrer') : '',
    gap ? gapWords(gap) : '',
  ].filter((word) => word !== '');
  return [name, withShortDigests(digest), prettyBytes(size), words.join('; ')];
}

function gapWords({ state, target, blobs, bytes }: NonNullable<ShownArtifact['gap']>): string {
  if (state === 'unchanged') return `${target} is there`;
  const lacks = `${target} lacks ${countOf(blobs, 'blob')}, ${prettyBytes(bytes)}`;
  return state === 'moves' ? `${lacks}; its tag names other content` : lacks;
}
