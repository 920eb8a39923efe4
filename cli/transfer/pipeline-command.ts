import { Command, Option } from 'commander';
import {
  type ExportPipeline,
  type ImportPipeline,
  ignoredOptions,
  PIPELINE_OPTIONS,
  type PipelineKind,
  type PipelineOption,
  type Pipelines,
  parseSecretSource,
  type SecretSource,
  STORAGE_ACCESS_MODES,
} from '../../shared/transfer/index.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { jsonOption } from '../options.ts';
import type { Run } from '../run.ts';
import { isOfRegistry, type NamedFlags, namedOptions } from './named.ts';
import { oneOf } from './options.ts';
import { absent, pipelinesOf, registryFor, withTransfers } from './with-transfers.ts';

type Pipeline = ExportPipeline | ImportPipeline;

/** The flags that both kinds have: those of `az acr export-pipeline create`, and `--sas-token`. */
export interface PipelineFlags {
  readonly registry?: string;
  readonly name: string;
  readonly storageContainerUri: string;
  readonly storageAccessMode?: (typeof STORAGE_ACCESS_MODES)[number];
  readonly secretUri?: string;
  readonly sasToken?: SecretSource;
  readonly options?: readonly PipelineOption[];
  readonly assignIdentity?: string;
}

const toOption = oneOf(PIPELINE_OPTIONS);

function createFlags(command: Command): Command {
  return command
    .requiredOption('-n, --name <name>', 'name of the pipeline: 5 to 50 letters and digits')
    .requiredOption(
      '-c, --storage-container-uri <uri>',
      'container, such as https://ACCOUNT.blob.core.windows.net/CONTAINER',
    )
    .option('-r, --registry <host>', 'registry (default: transfer.registry of the configuration)')
    .addOption(
      new Option(
        '-m, --storage-access-mode <mode>',
        `how to authenticate to storage: ${STORAGE_ACCESS_MODES.join(' or ')} (default: SasToken with a secret, else ManagedIdentity)`,
      ).argParser(oneOf(STORAGE_ACCESS_MODES)),
    )
    .option('-s, --secret-uri <uri>', 'Key Vault secret that holds the SAS token')
    .option(
      '--sas-token <env:NAME|file>',
      'environment variable or file that holds the SAS token, instead of a vault',
      parseSecretSource,
    )
    .option(
      '-z, --options <option...>',
      `options of the pipeline: ${PIPELINE_OPTIONS.join(', ')}`,
      (text: string, previous: readonly PipelineOption[] = []) => [...previous, toOption(text)],
    )
    .option('-i, --assign-identity <identity>', '[system], or the client ID of a user-assigned identity')
    .addOption(jsonOption());
}

/** The fields that both kinds have. */
function commonFields({ name, options = [], assignIdentity }: PipelineFlags) {
  return {
    name,
    options: [...options],
    ...(assignIdentity !== undefined && { identity: identityOf(assignIdentity) }),
  };
}

export function endpointOf({ storageContainerUri, storageAccessMode, secretUri, sasToken }: PipelineFlags) {
  const hasToken = secretUri !== undefined || sasToken !== undefined;
  return {
    uri: storageContainerUri,
    storageAccessMode: storageAccessMode ?? (hasToken ? 'SasToken' : 'ManagedIdentity'),
    ...(secretUri !== undefined && { keyVaultUri: secretUri }),
  };
}

function identityOf(text: string): unknown {
  return /^\[?system\]?$/i.test(text) ? { type: 'SystemAssigned' } : { type: 'UserAssigned', clientId: text };
}

/** What differs between the two kinds. */
export interface PipelineCommand<Flags extends PipelineFlags> {
  readonly kind: PipelineKind;
  /** Adds flags to `create`. */
  addFlags(create: Command): Command;
  /** Fields of the new pipeline. */
  fieldsOf(flags: Flags): object;
}

/** `create`, `show`, `list` and `delete`, as `az acr export-pipeline` and `az acr import-pipeline` have them. */
export function pipelineCommand<Flags extends PipelineFlags>(
  run: Run,
  { kind, addFlags, fieldsOf }: PipelineCommand<Flags>,
): Command {
  return new Command(`${kind}-pipeline`)
    .addCommand(
      addFlags(createFlags(new Command('create').description(`create or change an ${kind} pipeline`))).action(
        (flags: Flags) =>
          run((context) =>
            withTransfers(context, async (transfers) => {
              const pipeline = await pipelinesOf(kind, transfers).create({
                ...commonFields(flags),
                registry: registryFor(flags.registry, transfers),
                ...fieldsOf(flags),
              });
              context.output.result(pipeline, describePipeline(pipeline));
              return EXIT.ok;
            }),
          ),
      ),
    )
    .addCommand(
      namedOptions(new Command('show').description(`show an ${kind} pipeline`), 'pipeline').action(
        ({ name, registry }: NamedFlags) =>
          run((context) =>
            withTransfers(context, async (transfers) => {
              const pipeline = await pipelinesOf(kind, transfers).get(name);
              if (!pipeline || !isOfRegistry(registry, pipeline.registry))
                throw absent(`${kind} pipeline`, name);
              context.output.result(pipeline, describePipeline(pipeline));
              return EXIT.ok;
            }),
          ),
      ),
    )
    .addCommand(
      new Command('list')
        .description(`list the ${kind} pipelines`)
        .option('-r, --registry <host>', 'only pipelines of this registry')
        .addOption(jsonOption())
        .action(({ registry }: { registry?: string }) =>
          run((context) =>
            withTransfers(context, async (transfers) => {
              const pipelines = pipelinesOf(kind, transfers);
              const all = await pipelines.list();
              const listed = all.filter((pipeline) => isOfRegistry(registry, pipeline.registry));
              context.output.result(listed, table(listed, pipelines));
              return EXIT.ok;
            }),
          ),
        ),
    )
    .addCommand(
      namedOptions(
        new Command('delete').description(`delete an ${kind} pipeline; its runs are kept`),
        'pipeline',
      ).action(({ name, registry }: NamedFlags) =>
        run((context) =>
          withTransfers(context, async (transfers) => {
            const pipelines = pipelinesOf(kind, transfers);
            const pipeline = await pipelines.get(name);
            const wasThere = isOfRegistry(registry, pipeline?.registry) && (await pipelines.remove(name));
            const lines = [wasThere ? `deleted ${name}` : `there is no ${kind} pipeline ${name}`];
            context.output.result({ name, deleted: wasThere }, lines);
            return wasThere ? EXIT.ok : EXIT.nothingToDo;
          }),
        ),
      ),
    );
}

/** One pipeline, for people. */
function describePipeline(pipeline: Pipeline): readonly string[] {
  const [kind, { uri, storageAccessMode, keyVaultUri }] =
    'target' in pipeline ? (['export', pipeline.target] as const) : (['import', pipeline.source] as const);
  const idle = ignoredOptions(kind, pipeline.options);
  return [
    `${kind} pipeline ${pipeline.name}`,
    ...columns(
      [
        ['registry', pipeline.registry],
        ['container', uri],
        ['access', keyVaultUri ? `${storageAccessMode}, from ${keyVaultUri}` : storageAccessMode],
        ['options', pipeline.options.join(', ') || 'none'],
        ...('trigger' in pipeline ? [['source trigger', pipeline.trigger.sourceTrigger.status]] : []),
        ...Object.entries(pipeline.longshore).flatMap(([field, value]) =>
          value === undefined ? [] : [[field, JSON.stringify(value)]],
        ),
      ],
      '  ',
    ),
    ...(idle.length > 0 ? [`  ! ${idle.join(', ')} has no effect on an ${kind} pipeline`] : []),
  ];
}

function table(pipelines: readonly Pipeline[], { isDeclared }: Pipelines<Pipeline>): readonly string[] {
  if (pipelines.length === 0) return ['no pipelines'];
  return columns([
    ['NAME', 'REGISTRY', 'ACCESS', 'FROM', 'CONTAINER'],
    ...pipelines.map((pipeline) => {
      const { uri, storageAccessMode } = 'target' in pipeline ? pipeline.target : pipeline.source;
      const from = isDeclared(pipeline.name) ? 'configuration' : 'command';
      return [pipeline.name, pipeline.registry, storageAccessMode, from, uri];
    }),
  ]);
}
