import { Command } from 'commander';
import prettyBytes from 'pretty-bytes';
import {
  type ArchiveImportReport,
  connectRegistries,
  importFromArchive,
  type ShownArchive,
  showArchive,
} from '../../shared/app/index.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { countOf, withShortDigests } from '../format.ts';
import { showByteProgress } from '../progress.ts';
import type { Run } from '../run.ts';
import { addOpenFlags, type OpenFlags, openCall } from '../transfer/open-options.ts';
import { targetRegistry } from '../transfer/target-registry.ts';

interface ImportFlags extends OpenFlags {
  readonly registry?: string;
  readonly dryRun?: boolean;
  readonly overwriteTags?: boolean;
  readonly continueOnErrors?: boolean;
}

/** `longshore import-archive FILE|BLOB-URL`: imports an archive into a registry. Needs only registries. */
export function importArchiveCommand(run: Run): Command {
  return addOpenFlags(
    new Command('import-archive')
      .argument('<file|url>', 'archive to read: path, or URL of a blob; any part of a split archive')
      .option('--registry <host>', 'target registry (default: transfer.registry of the configuration)')
      .option(
        '--dry-run',
        'only show what would be imported; exit code 3 if nothing, 1 if anything would fail',
      )
      .option('--overwrite-tags', 'move existing tags')
      .option('--continue-on-errors', 'continue with the other artifacts after an error; exit code 1'),
  )
    .addHelpText('after', EXAMPLES)
    .action((from: string, flags: ImportFlags) =>
      run(async ({ streams, output, environment }) => {
        const { signal } = streams;
        const registry = await targetRegistry(flags.registry, { configFile: flags.config, environment });
        const registries = await connectRegistries({ configFile: flags.config, environment });
        try {
          const call = { ...openCall(from, flags), environment, signal };
          if (flags.dryRun) {
            const shown = await showArchive({ ...call, target: { registry, repository: registries } });
            const overwrites = flags.overwriteTags ?? false;
            output.result({ dryRun: true, ...shown }, describePlan(shown, overwrites));
            return exitCodeOfPlan(shown, overwrites);
          }
          const progress = showByteProgress(streams);
          const report = await importFromArchive({
            ...call,
            registry,
            repository: registries,
            overwriteTags: flags.overwriteTags,
            continueOnErrors: flags.continueOnErrors,
            onProgress: (artifact, { bytesDone, bytesTotal }) =>
              progress.update(artifact, bytesDone, bytesTotal),
          }).finally(() => progress.stop());
          output.result(report, describe(report));
          return report.failed.length > 0 ? EXIT.failed : EXIT.ok;
        } finally {
          await registries.close();
        }
      }),
    );
}

const EXAMPLES = `
Artifacts keep their repository and tag; the registry host is replaced.

Examples:
  longshore import-archive shop.tar --registry plant.azurecr.io --verify-key release.pub --dry-run
  longshore import-archive https://plant.blob.core.windows.net/inbound/shop.tar --sas-token env:INBOUND_SAS
`;

function describe({ imported, failed, leftOut }: ArchiveImportReport): readonly string[] {
  const thereAlready = imported.filter(({ state }) => state === 'unchanged').length;
  const also = thereAlready > 0 ? `, ${thereAlready} there already` : '';
  return [
    `${countOf(imported.length - thereAlready, 'artifact')} imported${also}`,
    ...columns(
      imported.map(({ target, digest, state, bytesUploaded }) => [
        `${state === 'unchanged' ? '=' : '+'} ${target}`,
        withShortDigests(digest),
        state === 'unchanged' ? 'there already' : `${prettyBytes(bytesUploaded)} uploaded`,
      ]),
      '  ',
    ),
    ...failed.map(({ name, code, message }) => `  ! ${name}  ${code}: ${message}`),
    ...leftOut.map((digest) => `  ! ${digest}  has no name and was skipped`),
  ];
}

type Gap = NonNullable<ShownArchive['artifacts'][number]['gap']>;

/** Why the import of an artifact would fail; empty if it would not. */
function obstacles({ state, before, missing }: Gap, overwrites: boolean): readonly string[] {
  return [
    ...(state === 'moves' && !overwrites
      ? [`is ${withShortDigests(before ?? '')}: needs --overwrite-tags`]
      : []),
    ...(missing > 0
      ? [`${countOf(missing, 'blob')} not in the archive: add its base (--base) or missing parts`]
      : []),
  ];
}

function isChange({ state, referrers }: Gap): boolean {
  return state !== 'unchanged' || referrers > 0;
}

function exitCodeOfPlan({ artifacts }: ShownArchive, overwrites: boolean): number {
  const gaps = artifacts.flatMap(({ gap }) => gap ?? []);
  if (gaps.some((gap) => obstacles(gap, overwrites).length > 0)) return EXIT.failed;
  return gaps.some(isChange) ? EXIT.ok : EXIT.nothingToDo;
}

function describePlan({ artifacts }: ShownArchive, overwrites: boolean): readonly string[] {
  const gaps = artifacts.flatMap(({ gap, digest }) => (gap ? [{ ...gap, digest }] : []));
  return [
    `${countOf(gaps.filter(isChange).length, 'artifact')} to import`,
    ...columns(
      gaps.map((gap) => [
        `${isChange(gap) ? '+' : '='} ${gap.target}`,
        withShortDigests(gap.digest),
        [
          gap.state === 'unchanged'
            ? 'there already'
            : `${countOf(gap.blobs, 'blob')}, ${prettyBytes(gap.bytes)} to upload`,
          ...(gap.referrers > 0 ? [countOf(gap.referrers, 'referrer')] : []),
          ...obstacles(gap, overwrites),
        ].join('; '),
      ]),
      '  ',
    ),
  ];
}
