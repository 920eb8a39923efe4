import { Command } from 'commander';
import prettyBytes from 'pretty-bytes';
import { connectRegistries, exportToArchive } from '../../shared/app/index.ts';
import { type ExportResult, parseSecretSource, type SecretSource } from '../../shared/transfer/index.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { countOf } from '../format.ts';
import { credentialsOption, jsonOption, platformFlag } from '../options.ts';
import { showByteProgress } from '../progress.ts';
import type { Run } from '../run.ts';
import { byteSize } from '../transfer/options.ts';

interface ExportFlags {
  readonly to: string;
  readonly differentialFrom?: string;
  readonly partSize?: number;
  readonly signKey?: SecretSource;
  readonly sasToken?: SecretSource;
  readonly platform?: readonly string[];
  readonly referrers: boolean;
  readonly overwrite?: boolean;
  readonly continueOnErrors?: boolean;
  readonly config?: string;
}

/** `longshore export ARTIFACT… --to FILE|BLOB-URL`: artifacts into an archive. Needs only registries. */
export function exportCommand(run: Run): Command {
  return new Command('export')
    .argument('<artifact...>', 'HOST/REPOSITORY[:TAG|:GLOB|@DIGEST], such as acme.azurecr.io/base/node:22*')
    .requiredOption('--to <file|url>', 'archive to write: path, or URL of a blob')
    .option('--differential-from <file|url>', 'export only what this archive, or its catalog.json, lacks')
    .option('--part-size <size>', 'split the archive into parts of at most this size, such as 4GiB', byteSize)
    .option(
      '--sign-key <source>',
      'private key to sign with: env:NAME, a Key Vault secret or a file',
      parseSecretSource,
    )
    .option(
      '--sas-token <source>',
      'SAS token for blobs: env:NAME, a Key Vault secret or a file',
      parseSecretSource,
    )
    .option(
      '--platform <os/arch[/variant]>',
      'export only this platform; repeatable, or comma-separated (default: all)',
      platformFlag,
    )
    .option('--no-referrers', 'do not export referrers: signatures, SBOMs, attestations')
    .option('--overwrite', 'replace an existing archive')
    .option('--continue-on-errors', 'skip artifacts that cannot be read; exit code 1 if any')
    .addOption(credentialsOption())
    .addOption(jsonOption())
    .addHelpText('after', EXAMPLES)
    .action((artifacts: readonly string[], flags: ExportFlags) =>
      run(async ({ streams, output, environment }) => {
        const registry = await connectRegistries({ configFile: flags.config, environment });
        const progress = showByteProgress(streams);
        try {
          const result = await exportToArchive({
            environment,
            registry,
            artifacts,
            to: flags.to,
            base: flags.differentialFrom,
            partBytes: flags.partSize,
            signKey: flags.signKey,
            sasToken: flags.sasToken,
            platforms: flags.platform,
            referrers: flags.referrers,
            overwrite: flags.overwrite,
            continueOnErrors: flags.continueOnErrors,
            onProgress: ({ bytesDone, bytesTotal }) => progress.update('exported', bytesDone, bytesTotal),
            signal: streams.signal,
          }).finally(() => progress.stop());
          output.result(summary(result), describe(result));
          return result.failed.length > 0 ? EXIT.failed : EXIT.ok;
        } finally {
          await registry.close();
        }
      }),
    );
}

const EXAMPLES = `
Examples:
  longshore export acme.azurecr.io/base/node:22 acme.azurecr.io/apps/shop:1.* --to shop.tar
  longshore export acme.azurecr.io/base/node:22 --to https://acme.blob.core.windows.net/transfer/node.tar \\
    --sas-token env:TRANSFER_SAS --part-size 4GiB --sign-key release.pem
`;

function summary({ to, parts, catalog, catalogDigest, failed }: ExportResult & { readonly to: string }) {
  return {
    to,
    catalogDigest,
    parts,
    artifacts: catalog.artifacts.map(({ name, digest, platforms, referrers }) => ({
      name,
      digest,
      platforms,
      referrers: referrers.length,
    })),
    base: catalog.base?.catalog ?? null,
    failed,
  };
}

function describe({ to, parts, catalog, catalogDigest, failed }: ExportResult & { readonly to: string }) {
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  const files = parts.length > 1 ? ` in ${countOf(parts.length, 'part')}` : '';
  return [
    parts.length === 0 ? 'Nothing was exported' : `Exported ${to} (${prettyBytes(size)}${files})`,
    ...columns(
      [
        ...(parts.length > 1 ? parts.map((part) => ['part', `${part.name}  ${prettyBytes(part.size)}`]) : []),
        ...(parts.length > 0 ? [['catalog', catalogDigest]] : []),
        ...(catalog.base ? [['base', catalog.base.catalog]] : []),
      ],
      '  ',
    ),
    ...columns(
      catalog.artifacts.map(({ name, digest }) => [`+ ${name}`, digest]),
      '  ',
    ),
    ...failed.map(({ name, code, message }) => `  ! ${name}  ${code}: ${message}`),
  ];
}
