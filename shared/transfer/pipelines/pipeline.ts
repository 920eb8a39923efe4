/**
 * Export and import pipelines with ACR's fields, enumerations and defaults (Microsoft.ContainerRegistry
 * 2026-03-01-preview, `exportPipelines` and `importPipelines`). What ACR does not have stands apart, in `longshore`.
 */

import * as z from 'zod';
import { isPlatform, parseReference } from '../../content/index.ts';
import { InvalidInputError } from '../../errors.ts';
import type { RecordKey } from '../../records.ts';
import { keyVaultSecretSchema } from '../../secret-reference.ts';
import { parseContainerUri, secretFileSchema, secretSourceSchema } from '../storage/index.ts';
import { resourceNameSchema } from './resource-name.ts';

/** ACR accepts the same four for both kinds; each kind uses some. */
export const PIPELINE_OPTIONS = [
  'OverwriteTags',
  'OverwriteBlobs',
  'DeleteSourceBlobOnSuccess',
  'ContinueOnErrors',
] as const;
export type PipelineOption = (typeof PIPELINE_OPTIONS)[number];

export const STORAGE_ACCESS_MODES = ['SasToken', 'ManagedIdentity'] as const;
export const TRIGGER_STATES = ['Enabled', 'Disabled'] as const;

const PROVISIONING_STATES = ['Creating', 'Updating', 'Deleting', 'Succeeded', 'Failed', 'Canceled'] as const;
export const provisioningStateSchema = z.enum(PROVISIONING_STATES);

const containerUriSchema = z.string().transform((text, context) => {
  try {
    return parseContainerUri(text).uri;
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
});

/** The container of a pipeline, and how to authenticate to it. */
const endpointSchema = z
  .object({
    type: z.literal('AzureStorageBlobContainer').default('AzureStorageBlobContainer'),
    uri: containerUriSchema,
    /** The Key Vault secret that holds the SAS token; `undefined` with a managed identity. */
    keyVaultUri: z
      .union([keyVaultSecretSchema, z.literal('').transform(() => undefined)])
      .nullish()
      .transform((value) => value ?? undefined),
    storageAccessMode: z.enum(STORAGE_ACCESS_MODES),
  })
  .readonly();
export type PipelineEndpoint = z.infer<typeof endpointSchema>;

/** The Microsoft Entra identity that reads the secret, and storage in ManagedIdentity mode. Default: this program's. */
const identitySchema = z
  .object({
    type: z.enum(['SystemAssigned', 'UserAssigned']),
    /** Which of several user-assigned identities. */
    clientId: z.uuid('expected the client ID of the identity, not its name or resource ID').optional(),
  })
  .readonly();

const common = {
  name: resourceNameSchema,
  /** Host of the registry the pipeline belongs to. */
  registry: z.string().refine(isHost, 'expected the host of a registry, such as acme.azurecr.io'),
  identity: identitySchema.optional(),
  options: z
    .array(z.enum(PIPELINE_OPTIONS))
    .transform((options) => [...new Set(options)])
    .default([]),
  provisioningState: provisioningStateSchema.default('Succeeded'),
};

function isHost(text: string): boolean {
  try {
    return parseReference(`${text}/a`).registry === text;
  } catch {
    return false;
  }
}

/** In place of a Key Vault secret, for places without a vault. */
const sasToken = z.union([
  z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) }),
  z.strictObject({ file: secretFileSchema }),
]);

const exportExtensionsSchema = z
  .object({
    sasToken: sasToken.optional(),
    signingKey: secretSourceSchema.optional(),
    /** In bytes. A larger archive is split. */
    partSize: z.number().int().positive().optional(),
    /** Name of an archive in the same container: what it has is left out. */
    baseArchive: z.string().min(1).max(1024).optional(),
    /** `50` is ACR's own. Default: none. */
    artifactLimit: z.number().int().positive().optional(),
    /** `os/architecture[/variant]`; empty or absent: all. */
    platforms: z.array(z.string().refine(isPlatform, 'expected os/architecture[/variant]')).optional(),
    /** `false` leaves signatures, SBOMs and attestations behind. */
    referrers: z.boolean().optional(),
  })
  .readonly();

/** Conditions for a blob to trigger an import. ACR requires all three; by default none is required. */
const arrivalConditionsSchema = z
  .object({
    /** `Last-Modified` no longer ago than this. ACR: 60. */
    maxAgeDays: z.number().positive().optional(),
    /** A valid `Content-MD5` is there. */
    contentMd5: z.boolean().optional(),
    /** The metadata has `category = acr-transfer-blob`. */
    category: z.boolean().optional(),
  })
  .readonly();
export type ArrivalConditions = z.infer<typeof arrivalConditionsSchema>;

const importExtensionsSchema = z
  .object({
    sasToken: sasToken.optional(),
    /** Archives must be signed by one of these public keys. */
    trustedKeys: z.array(secretSourceSchema).optional(),
    conditions: arrivalConditionsSchema.optional(),
  })
  .readonly();

export const exportPipelineSchema = z
  .object({
    ...common,
    target: endpointSchema,
    longshore: exportExtensionsSchema.default({}),
  })
  .superRefine((pipeline, context) =>
    checkAccess('target', pipeline.target, pipeline.longshore.sasToken, context),
  )
  .readonly();
export type ExportPipeline = z.infer<typeof exportPipelineSchema>;

export const importPipelineSchema = z
  .object({
    ...common,
    source: endpointSchema,
    trigger: z
      .object({ sourceTrigger: z.object({ status: z.enum(TRIGGER_STATES) }) })
      .default({ sourceTrigger: { status: 'Enabled' } }),
    longshore: importExtensionsSchema.default({}),
  })
  .superRefine((pipeline, context) =>
    checkAccess('source', pipeline.source, pipeline.longshore.sasToken, context),
  )
  .readonly();
export type ImportPipeline = z.infer<typeof importPipelineSchema>;

export const PIPELINE_KINDS = ['export', 'import'] as const;
export type PipelineKind = (typeof PIPELINE_KINDS)[number];

/** SAS tokens are secrets: one says where it is kept. With an identity there is none. */
function checkAccess(
  field: 'source' | 'target',
  { storageAccessMode, keyVaultUri }: PipelineEndpoint,
  token: unknown,
  context: z.RefinementCtx,
): void {
  const path = [field, 'keyVaultUri'];
  if (storageAccessMode === 'ManagedIdentity') {
    if (keyVaultUri === undefined && token === undefined) return;
    const message = 'a managed identity needs no SAS token; leave the secret out, or use SasToken';
    context.addIssue({ code: 'custom', path, message });
  } else if ((keyVaultUri === undefined) === (token === undefined)) {
    const message =
      keyVaultUri === undefined
        ? 'is missing; expected the Key Vault secret that holds the SAS token, such as https://acme.vault.azure.net/secrets/NAME'
        : 'expected either a Key Vault secret or a SAS token kept elsewhere, not both';
    context.addIssue({ code: 'custom', path, message });
  }
}

export function pipelineKey(kind: PipelineKind, name: string): RecordKey {
  return { partition: kind, row: name.toLowerCase() };
}

const SEGMENTS = { export: 'exportPipelines', import: 'importPipelines' } as const;
const SHOWN_OPTIONS: Readonly<Record<PipelineKind, readonly PipelineOption[]>> = {
  export: ['OverwriteBlobs', 'ContinueOnErrors'],
  import: ['OverwriteTags', 'DeleteSourceBlobOnSuccess', 'ContinueOnErrors'],
};

/** Options without effect for the kind. ACR's command line only warns about them, too. */
export function ignoredOptions(
  kind: PipelineKind,
  options: readonly PipelineOption[],
): readonly PipelineOption[] {
  return options.filter((option) => !SHOWN_OPTIONS[kind].includes(option));
}

/** How a run names its pipeline. */
export function pipelineId(kind: PipelineKind, registry: string, name: string): string {
  return `/registries/${registry}/${SEGMENTS[kind]}/${name}`;
}

/**
 * The pipeline that an id names: ours, or an Azure resource id, of which only the end counts.
 * @throws InvalidInputError `E_ARGUMENT`
 */
export function parsePipelineId(id: string): { readonly kind: PipelineKind; readonly name: string } {
  const [, segment, name = ''] = /\/(exportPipelines|importPipelines)\/([^/]+)$/i.exec(id) ?? [];
  const kind = PIPELINE_KINDS.find((one) => SEGMENTS[one].toLowerCase() === segment?.toLowerCase());
  if (kind && resourceNameSchema.safeParse(name).success) return { kind, name };
  throw new InvalidInputError(
    'E_ARGUMENT',
    `"${id.slice(0, 300)}" names no pipeline. Expected …/exportPipelines/NAME or …/importPipelines/NAME.`,
  );
}
