import { type NewRun, pipelineId } from '../../shared/transfer/index.ts';

/** What a pipeline may have besides its name and its container. */
export interface PipelineFields {
  readonly registry?: string;
  readonly options?: readonly string[];
  readonly longshore?: object;
}

/** For the configuration: a pipeline from a registry into a container. The setting TRANSFER_SAS has the token for it. */
export function exportPipeline(uri: string, name: string, fields: PipelineFields = {}) {
  return { ...withToken(name, fields), target: { uri, storageAccessMode: 'SasToken' } };
}

/** For the configuration: a pipeline from a container into a registry. The setting TRANSFER_SAS has the token for it. */
export function importPipeline(uri: string, name: string, fields: PipelineFields = {}) {
  return { ...withToken(name, fields), source: { uri, storageAccessMode: 'SasToken' } };
}

function withToken(name: string, { longshore, ...fields }: PipelineFields) {
  return { name, ...fields, longshore: { sasToken: { env: 'TRANSFER_SAS' }, ...longshore } };
}

type Order = Pick<NewRun, 'name' | 'request'>;
type PipelineName = readonly [registry: string, name: string];

/** Orders that the artifacts are written into a blob. */
export function exportOrder(
  name: string,
  pipeline: PipelineName,
  artifacts: readonly string[],
  blob = 'shop.tar',
): Order {
  const target = { type: 'AzureStorageBlob' as const, name: blob };
  const pipelineResourceId = pipelineId('export', ...pipeline);
  return { name, request: { pipelineResourceId, artifacts: [...artifacts], target } };
}

/** Orders that what a blob has is brought into the registry. */
export function importOrder(name: string, pipeline: PipelineName, blob = 'shop.tar'): Order {
  const source = { type: 'AzureStorageBlob' as const, name: blob };
  return { name, request: { pipelineResourceId: pipelineId('import', ...pipeline), source } };
}
