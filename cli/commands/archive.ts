import { Command } from 'commander';
import prettyBytes from 'pretty-bytes';
import {
  connectRegistries,
  type ShownArchive,
  type ShownArtifact,
  showArchive,
} from '../../shared/app/index.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { countOf, withShortDigests } from '../format.ts';
import type { Run } from '../run.ts';
import { addOpenFlags, type OpenFlags, openCall } from '../transfer/open-options.ts';

/** `longshore archive show`: the content of an archive, and what a registry lacks of it. */
export function archiveCommand(run: Run): Command {
  return new Command('archive').addCommand(
    addOpenFlags(
      new Command('show')
        .description('list the content of an archive, and what a registry lacks of it')
        .argument('<file|url>', 'path, or URL of a blob; any part of a split archive')
        .option('--registry <host>', 'show what this registry lacks'),
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
          const shown = await showArchive({ ...call, target, lacksParts: true });
          output.result(shown, describe(shown));
          return EXIT.ok;
        } finally {
          await registries?.close();
        }
      }),
    ),
  );
}

function describe(shown: ShownArchive): readonly string[] {
  const { from, parts, missingParts, signedBy, isVerified, base, artifacts } = shown;
  const ofAll = missingParts.length > 0 ? `${parts.length} of ` : '';
  const partCount = parts.length + missingParts.length;
  return [
    `${from}: ${countOf(artifacts.length, 'artifact')}${partCount > 1 ? ` in ${ofAll}${countOf(partCount, 'part')}` : ''}`,
    ...columns(
      [
        ...(signedBy === undefined
          ? []
          : [
              [
                'signed by',
                `${withShortDigests(signedBy)}${isVerified ? '' : ' (not verified: use --verify-key)'}`,
              ],
            ]),
        ...(missingParts.length === 0 ? [] : [['missing', missingParts.join(', ')]]),
        ...(base === undefined ? [] : [['base', withShortDigests(base)]]),
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

function gapWords(gap: NonNullable<ShownArtifact['gap']>): string {
  const { state, target, blobs, bytes, missing, referrers } = gap;
  const is =
    state === 'unchanged'
      ? `${target} is up to date`
      : `${target} lacks ${countOf(blobs, 'blob')}, ${prettyBytes(bytes)}`;
  return [
    is,
    ...(missing > 0 ? [`${missing} of them not in the archive`] : []),
    ...(referrers > 0 ? [`${countOf(referrers, 'referrer')} to add`] : []),
    ...(state === 'moves' ? ['its tag has other content'] : []),
  ].join('; ');
}
