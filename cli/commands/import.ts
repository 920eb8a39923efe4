import { Command } from 'commander';
import prettyBytes from 'pretty-bytes';
import { connectRegistries } from '../../shared/app/index.ts';
import {
  formatReference,
  parsePlatform,
  parseReference,
  type Reference,
  type TagReference,
  withDefaultTag,
} from '../../shared/content/index.ts';
import { InvalidInputError } from '../../shared/errors.ts';
import { type ImportImageResult, importImage } from '../../shared/imports/index.ts';
import { EXIT } from '../exit-codes.ts';
import type { Run } from '../program.ts';
import { createProgressLine } from '../progress-line.ts';

interface ImportFlags {
  readonly platform: readonly string[];
  readonly force?: boolean;
  readonly config?: string;
}

/** `longshore import SOURCE TARGET`: one image straight from registry to registry; needs no stack and no cloud. */
export function importCommand(run: Run): Command {
  return new Command('import')
    .description('copy an image, index or artifact from registry to registry, digests preserved')
    .argument('<source>', 'image to copy, by tag or digest, for example docker.io/library/node:22')
    .argument('<target>', "where to, for example acme.azurecr.io/base/node:22; without a tag the source's")
    .option(
      '--platform <os/arch[/variant]>',
      'copy only this platform; repeatable (default: all)',
      collect,
      [],
    )
    .option('--force', 'move the target tag when it names other content')
    .option(
      '--config <file>',
      'take registry credentials from this configuration (default: ./longshore.yaml)',
    )
    .option('--json', 'print the result as JSON')
    .action((source: string, target: string, flags: ImportFlags) =>
      run(async ({ streams, output, environment }) => {
        const from = withDefaultTag(parseReference(source));
        const to = targetOf(target, from);
        const platforms = flags.platform.map(parsePlatform);
        const registries = await connectRegistries({ configFile: flags.config, environment });
        const progress = createProgressLine(streams);
        try {
          const result = await importImage((name) => registries.repository(name), from, to, {
            platforms,
            force: flags.force,
            signal: streams.signal,
            onProgress: (value) => progress.update(value),
          });
          progress.stop();
          output.result(summary(result), describe(result));
          return EXIT.ok;
        } finally {
          progress.stop();
          await registries.close();
        }
      }),
    );
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

function targetOf(text: string, source: Reference): TagReference {
  const { registry, repository, tag, digest } = parseReference(text);
  if (digest) {
    throw new InvalidInputError(
      'E_REFERENCE',
      `The target "${text}" must name a tag, not a digest: the digest follows from the source.`,
    );
  }
  return { registry, repository, tag: tag ?? source.tag ?? 'latest' };
}

function summary({ source, target, state, before, copy }: ImportImageResult) {
  return { source, target, state, digest: copy.root.digest, before: before?.digest ?? null, ...copy };
}

function describe({ source, target, state, before, copy }: ImportImageResult): readonly string[] {
  const { manifests, blobs } = copy;
  if (state === 'unchanged') return [`${target} is ${copy.root.digest} already`];
  return [
    `${source} -> ${formatReference(parseReference(target))}`,
    `  digest     ${copy.root.digest}${copy.trimmed ? ' (platform subset: the target refuses a partial index)' : ''}`,
    ...(before ? [`  was        ${before.digest}`] : []),
    `  manifests  ${manifests.copied} copied, ${manifests.existing} there already`,
    `  blobs      ${blobs.uploaded} uploaded (${prettyBytes(copy.bytesUploaded)}), ${blobs.mounted} mounted, ${blobs.existing} there already${blobs.foreign ? `, ${blobs.foreign} foreign layers left to their URLs` : ''}`,
  ];
}
