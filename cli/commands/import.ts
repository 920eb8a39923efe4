import { Command } from 'commander';
import prettyBytes from 'pretty-bytes';
import { connectRegistries, connectService, watchesFilling } from '../../shared/app/index.ts';
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
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { credentialsOption, jsonOption, platformFlag } from '../options.ts';
import { showCopyProgress } from '../progress.ts';
import type { Run } from '../run.ts';

interface ImportFlags {
  readonly platform?: readonly string[];
  readonly force?: boolean;
  readonly referrers: boolean;
  readonly config?: string;
}

/** `longshore import SOURCE TARGET`: copies one image from registry to registry. Needs only the two registries. */
export function importCommand(run: Run): Command {
  return new Command('import')
    .argument('<source>', 'image to copy, by tag or digest, for example docker.io/library/node:22')
    .argument(
      '<target>',
      'target, for example acme.azurecr.io/base/node:22; default tag: that of the source, or latest',
    )
    .option(
      '--platform <os/arch[/variant]>',
      'copy only this platform; repeatable, or comma-separated (default: all)',
      platformFlag,
    )
    .option('--no-referrers', 'do not copy referrers: signatures, SBOMs, attestations')
    .option('--force', 'move the target tag if it has another digest')
    .addOption(credentialsOption())
    .addOption(jsonOption())
    .addHelpText('after', EXAMPLES)
    .action((source: string, target: string, flags: ImportFlags) =>
      run(async ({ streams, output, environment }) => {
        const from = withDefaultTag(parseReference(source));
        const to = targetOf(target, from);
        const platforms = flags.platform?.map(parsePlatform);
        const { signal } = streams;
        const options = { configFile: flags.config, environment };
        const watches = await watchesFilling(to, options);
        await using open = new AsyncDisposableStack();
        const registries = open.adopt(await connectRegistries(options), (client) => client.close());
        const { service, close } = await connectService({ environment, signal });
        open.defer(close);
        const progress = await showCopyProgress(streams);
        const result = await importImage((name, side) => registries.repository(name, side), from, to, {
          platforms,
          force: flags.force,
          ledger: service?.ledger,
          referrers: flags.referrers,
          signal,
          onProgress: (value) => progress.update(value),
        }).finally(() => progress.stop());
        const notes = result.state === 'succeeded' ? watchLines(watches, service !== undefined) : [];
        output.result({ ...summary(result), watches }, [...describe(result), ...notes]);
        return EXIT.ok;
      }),
    );
}

const EXAMPLES = `
Examples:
  longshore import docker.io/library/node:22 acme.azurecr.io/base/node
  longshore import ghcr.io/acme/app@sha256:… harbor.corp/mirror/app:1 --platform linux/amd64

Logins of docker login are used. Configure other credentials and private registries in longshore.yaml:
  registries:
    harbor.corp: { private: true, credentials: { username: robot, password: { env: HARBOR_PASSWORD } } }
`;

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

function describe(result: ImportImageResult): readonly string[] {
  const { source, target, state, before, copy } = result;
  const { root, trimmed, manifests, blobs, referrers } = copy;
  if (state === 'unchanged') return [`${target} is already ${root.digest}; nothing was copied`];
  const sent = prettyBytes(copy.bytesUploaded);
  return [
    `Imported ${target}`,
    ...columns(
      [
        ['from', nameOf(source)],
        ['digest', root.digest],
        ...(trimmed
          ? [['', 'differs from the source: this registry does not accept an index with missing platforms']]
          : []),
        ...(before && before.digest !== root.digest ? [['was', before.digest]] : []),
        ['manifests', counts({ copied: manifests.copied, 'there already': manifests.existing })],
        [
          'blobs',
          counts({
            [`uploaded (${sent})`]: blobs.uploaded,
            [`mounted from ${parseReference(source).repository}`]: blobs.mounted,
            'there already': blobs.existing,
            'not copied (foreign layers)': blobs.foreign,
          }),
        ],
        [
          'referrers',
          counts({
            copied: referrers.copied,
            'there already': referrers.existing,
            'left out': referrers.skipped,
          }),
        ],
      ].filter(([, text]) => text !== ''),
      '  ',
    ),
  ];
}

/** Which watches import the same tag, and what becomes of what was placed there. */
function watchLines(watches: readonly string[], isKept: boolean): readonly string[] {
  const fate = isKept
    ? 'The service keeps this image until the tag moves upstream; longshore status lists it after the next check of the targets.'
    : 'A service that runs this watch restores its own image at the next check of the targets; run the command with its settings to prevent that.';
  return watches.map((watch) => `  ? The watch "${watch}" imports this tag. ${fate}`);
}

/** The source as given on the command line. A resolved digest is shown on another line. */
function nameOf(source: string): string {
  const { digest, ...name } = parseReference(source);
  return formatReference(name.tag ? name : { ...name, digest });
}

/** `3 copied, 1 there already`: zeros are left out. */
function counts(byKind: Readonly<Record<string, number>>): string {
  return Object.entries(byKind)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');
}
