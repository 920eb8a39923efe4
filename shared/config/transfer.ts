import path from 'node:path';
import * as z from 'zod';
import {
  type ExportPipeline,
  exportPipelineSchema,
  type ImportPipeline,
  importPipelineSchema,
  PIPELINE_OPTIONS,
  parseByteSize,
  type SecretSource,
  STORAGE_ACCESS_MODES,
  secretSourceSchema,
  TRIGGER_STATES,
} from '../transfer/index.ts';
import { issueMessage } from './explain-issue.ts';
import { hostSchema } from './names.ts';
import { strictObject } from './strict-object.ts';

const MAX_PIPELINES = 500;

const name = z
  .string()
  .describe('5 to 50 letters and digits; unique among the pipelines of its kind, without regard to case.');
const options = z
  .array(z.enum(PIPELINE_OPTIONS, { error: `expected one of ${PIPELINE_OPTIONS.join(', ')}` }))
  .max(PIPELINE_OPTIONS.length)
  .optional()
  .describe('What the pipeline may do. Default: none of these.');

const endpoint = strictObject({
  type: z.literal('AzureStorageBlobContainer').optional().describe('The only supported kind of storage.'),
  uri: z
    .string()
    .describe('Address of the container.')
    .meta({ examples: ['https://acme.blob.core.windows.net/transfer'] }),
  storageAccessMode: z
    .enum(STORAGE_ACCESS_MODES, { error: `expected ${STORAGE_ACCESS_MODES.join(' or ')}` })
    .describe('How access to storage is authenticated: by a SAS token or a Microsoft Entra identity.'),
  keyVaultUri: z
    .string()
    .optional()
    .describe('Identifier of the Key Vault secret that holds the SAS token; none with ManagedIdentity.'),
});

const identity = strictObject({
  type: z
    .enum(['SystemAssigned', 'UserAssigned'])
    .describe('System-assigned, or user-assigned with clientId.'),
  clientId: z
    .uuid('expected the client ID of a user-assigned identity')
    .optional()
    .describe('Which of several user-assigned identities.'),
})
  .optional()
  .describe('Microsoft Entra identity that reads the secret, and storage with ManagedIdentity.');

const FORMS = '{ env: NAME }, { keyVaultSecret: URL } or { file: PATH }';
const key = strictObject(
  {
    env: z.string().optional().describe('Name of the environment variable that holds the key.'),
    keyVaultSecret: z.string().optional().describe('Identifier of the Key Vault secret that holds the key.'),
    file: z.string().optional().describe('Path of the key, relative to this file.'),
  },
  FORMS,
).transform((value, context): SecretSource => {
  const { data } = secretSourceSchema.safeParse(value);
  if (data) return data;
  context.addIssue({ code: 'custom', message: `expected ${FORMS}, which say where the key is` });
  return z.NEVER;
});
const sasToken = strictObject(
  {
    env: z.string().optional().describe('Name of the environment variable that holds the SAS token.'),
    file: z.string().optional().describe('Path of a file that holds the SAS token, relative to this file.'),
  },
  '{ env: NAME } or { file: PATH }',
)
  .transform((value, context): { env: string } | { file: string } => {
    const { env, file } = value;
    if (env !== undefined && file === undefined) return { env };
    if (file !== undefined && env === undefined) return { file };
    context.addIssue({ code: 'custom', message: 'expected { env: NAME } or { file: PATH }' });
    return z.NEVER;
  })
  .optional()
  .describe('Where the SAS token is kept, in place of keyVaultUri.');

const partSize = z
  .union([z.number().int().positive(), z.string()])
  .transform((value, context): number => {
    const bytes = typeof value === 'number' ? value : parseByteSize(value);
    if (bytes !== undefined) return bytes;
    context.addIssue({ code: 'custom', message: 'expected a size such as 4GiB or 500MB' });
    return z.NEVER;
  })
  .optional()
  .describe('Archives larger than this are split, such as 4GiB. Default: no limit.');

const exportPipeline = strictObject({
  name,
  registry: hostSchema.optional().describe('Registry that is exported from. Default: transfer.registry.'),
  identity,
  target: endpoint.describe('Where archives are written.'),
  options,
  longshore: strictObject({
    sasToken,
    signingKey: key.optional().describe('Private key that signs the catalog of each archive.'),
    partSize,
    baseArchive: z
      .string()
      .optional()
      .describe('Archive in the same container: new archives do not repeat its content.'),
    artifactLimit: z
      .number()
      .int()
      .positive()
      .optional()
      .describe('Maximum number of artifacts per run; ACR allows 50. Default: unlimited.'),
    platforms: z.array(z.string()).max(100).optional().describe('Platforms to export. Default: all.'),
    referrers: z
      .boolean()
      .optional()
      .describe('Whether signatures, SBOMs and attestations are exported. Default: yes.'),
  })
    .optional()
    .describe('What Azure Container Registry does not have.'),
});

const importPipeline = strictObject({
  name,
  registry: hostSchema.optional().describe('Registry that is imported into. Default: transfer.registry.'),
  identity,
  source: endpoint.describe('Where archives are read.'),
  trigger: strictObject({
    sourceTrigger: strictObject({
      status: z
        .enum(TRIGGER_STATES, { error: `expected ${TRIGGER_STATES.join(' or ')}` })
        .describe('Disabled: archives are imported by pipeline runs only.'),
    }).describe('Trigger for arriving blobs.'),
  })
    .optional()
    .describe('Whether arriving blobs are imported automatically. Default: yes.'),
  options,
  longshore: strictObject({
    sasToken,
    trustedKeys: z
      .array(key)
      .min(1)
      .max(20)
      .optional()
      .describe('Public keys: only archives signed by one of them are imported. Default: all archives.'),
    conditions: strictObject({
      maxAgeDays: z.number().positive().optional().describe('Only blobs modified no longer ago; ACR: 60.'),
      contentMd5: z.boolean().optional().describe('Only blobs with a valid Content-MD5.'),
      category: z.boolean().optional().describe('Only blobs with the metadata category = acr-transfer-blob.'),
    })
      .optional()
      .describe('Which blobs start an import automatically. Default: all.'),
  })
    .optional()
    .describe('What Azure Container Registry does not have.'),
});

const list = <Schema extends z.ZodType>(schema: Schema) => z.array(schema).max(MAX_PIPELINES).default([]);

const transfer = strictObject({
  registry: hostSchema.describe(
    'Registry that archives landing in the transfer container are imported into, and that pipelines belong to.',
  ),
  exportPipelines: list(exportPipeline).describe('Pipelines that write archives into blob storage.'),
  importPipelines: list(importPipeline).describe('Pipelines that read archives from blob storage.'),
});
type TransferContent = z.output<typeof transfer>;

export const transferSchema = transfer
  .superRefine(checkPipelines)
  .optional()
  .describe('What to do with image archives in blob storage.');

export interface TransferConfig {
  readonly registry: string;
  readonly exportPipelines: readonly ExportPipeline[];
  readonly importPipelines: readonly ImportPipeline[];
}

/** @param folder paths of keys are relative to it */
export function transferConfig(
  { registry, exportPipelines, importPipelines }: TransferContent,
  folder: string,
): TransferConfig {
  return {
    registry,
    exportPipelines: exportPipelines.map((pipeline) => {
      const { signingKey } = pipeline.longshore ?? {};
      return exportPipelineSchema.parse({
        registry,
        ...pipeline,
        longshore: {
          ...withToken(pipeline.longshore, folder),
          ...(signingKey && { signingKey: placed(signingKey, folder) }),
        },
      });
    }),
    importPipelines: importPipelines.map((pipeline) => {
      const { trustedKeys } = pipeline.longshore ?? {};
      return importPipelineSchema.parse({
        registry,
        ...pipeline,
        longshore: {
          ...withToken(pipeline.longshore, folder),
          ...(trustedKeys && { trustedKeys: trustedKeys.map((one) => placed(one, folder)) }),
        },
      });
    }),
  };
}

function withToken<T extends { readonly sasToken?: { env: string } | { file: string } | undefined }>(
  extensions: T | undefined,
  folder: string,
) {
  const token = extensions?.sasToken;
  return { ...extensions, ...(token && { sasToken: placed(token, folder) }) };
}

function placed<Source extends SecretSource>(source: Source, folder: string): Source {
  return 'file' in source ? { ...source, file: path.resolve(folder, source.file) } : source;
}

/** Checks what depends on the whole pipeline: the rules of its kind, and repeated names. */
function checkPipelines(
  { registry, exportPipelines, importPipelines }: TransferContent,
  context: z.RefinementCtx,
): void {
  const kinds = [
    { field: 'exportPipelines', schema: exportPipelineSchema, pipelines: exportPipelines },
    { field: 'importPipelines', schema: importPipelineSchema, pipelines: importPipelines },
  ] as const;
  const reported = new Set(context.issues.map(({ path: where }) => JSON.stringify(where)));
  for (const { field, schema, pipelines } of kinds) {
    const names = new Set<string>();
    for (const [at, pipeline] of pipelines.entries()) {
      const lowered = pipeline.name.toLowerCase();
      if (names.has(lowered)) {
        const message = 'another pipeline of this kind has this name already';
        context.addIssue({ code: 'custom', path: [field, at, 'name'], message });
      }
      names.add(lowered);
      const { error } = schema.safeParse({ registry, ...pipeline }, { error: issueMessage });
      for (const { path: inner, message } of error?.issues ?? []) {
        const where = [field, at, ...inner];
        if (!reported.has(JSON.stringify(where))) context.addIssue({ code: 'custom', path: where, message });
      }
    }
  }
}
