import { describeError } from '../../errors.ts';
import { createCatalogSigner, readTrustedKey } from '../archive/index.ts';
import {
  type ArchiveContainer,
  checkSasToken,
  describeSecretSource,
  explainMissingRights,
  parseSasToken,
  type StorageAccess,
  type StorageCallOptions,
} from '../storage/index.ts';
import { connectStorage, rightsNeededBy, sasSourceOf } from './connect-storage.ts';
import type { ExportPipeline, ImportPipeline } from './pipeline.ts';

export interface PipelineCheckPorts {
  readonly storage: StorageAccess;
  /** Asks a registry whether it is there. @throws what is wrong */
  readonly ping: (registry: string, options: StorageCallOptions) => Promise<unknown>;
}

/** One link of the chain that a run needs. */
export interface PipelineCheck {
  readonly name: string;
  readonly ok: boolean;
  /** What was found, or what is wrong. */
  readonly detail: string;
}

const PROBE = 'longshore-doctor-probe';
const DAY_MS = 24 * 60 * 60_000;
const SOON_DAYS = 14;

/**
 * Goes along the chain that a run of the pipeline needs, and says of each link whether it holds: the secret, the SAS
 * token in it, the container with the rights there, keys, and the registry. Never throws; changes nothing.
 */
export async function checkPipeline(
  pipeline: ExportPipeline | ImportPipeline,
  ports: PipelineCheckPorts,
  signal?: AbortSignal,
): Promise<readonly PipelineCheck[]> {
  const { storage, ping } = ports;
  const clientId = pipeline.identity?.clientId;
  const checks: PipelineCheck[] = [];
  const check = async (name: string, probe: () => Promise<string>) => {
    try {
      checks.push({ name, ok: true, detail: await probe() });
    } catch (error) {
      signal?.throwIfAborted();
      checks.push({ name, ok: false, detail: describeError(error) });
    }
  };
  if (sasSourceOf(pipeline)) await check('SAS token', () => lookAtToken(pipeline, storage, signal));
  await check('container', async () => {
    const container = await connectStorage(pipeline, storage, { signal });
    return await tryContainer(pipeline, container, signal);
  });
  const { longshore } = pipeline;
  if ('signingKey' in longshore && longshore.signingKey) {
    const source = longshore.signingKey;
    await check('signing key', async () => {
      const { keyId } = createCatalogSigner(await storage.secrets.read(source, { signal, clientId }));
      return `${keyId} is in ${describeSecretSource(source)}`;
    });
  }
  for (const source of ('trustedKeys' in longshore && longshore.trustedKeys) || []) {
    await check('trusted key', async () => {
      const { keyId } = readTrustedKey(await storage.secrets.read(source, { signal, clientId }));
      return `${keyId} is in ${describeSecretSource(source)}`;
    });
  }
  await check('registry', async () => {
    await ping(pipeline.registry, { signal });
    return `${pipeline.registry} answers`;
  });
  return checks;
}

async function lookAtToken(
  pipeline: ExportPipeline | ImportPipeline,
  { secrets, now }: StorageAccess,
  signal: AbortSignal | undefined,
): Promise<string> {
  const source = sasSourceOf(pipeline);
  if (!source) return '';
  const sas = parseSasToken(await secrets.read(source, { signal, clientId: pipeline.identity?.clientId }));
  checkSasToken(sas, rightsNeededBy(pipeline), now());
  const { expiresAt } = sas;
  const days = expiresAt && Math.floor((expiresAt.getTime() - now().getTime()) / DAY_MS);
  return [
    `is in ${describeSecretSource(source)}`,
    ...(expiresAt ? [`expires on ${expiresAt.toISOString()}`] : []),
    ...(days !== undefined && days < SOON_DAYS ? ['which is soon: store a new one'] : []),
    ...explainMissingRights(sas, 'target' in pipeline ? 'export' : 'import'),
  ].join('; ');
}

async function tryContainer(
  pipeline: ExportPipeline | ImportPipeline,
  container: ArchiveContainer,
  signal: AbortSignal | undefined,
): Promise<string> {
  if ('target' in pipeline) {
    await container.find(PROBE, { signal });
    await container.tryToWrite(PROBE, { signal });
    return `${container.uri} can be read and written`;
  }
  for await (const blob of container.list({ signal })) {
    return `${container.uri} can be listed; it has ${blob.name}`;
  }
  return `${container.uri} can be listed; it is empty`;
}
