import { expect, it } from 'vitest';
import { StorageError } from '../../../../shared/errors.ts';
import {
  type ArchiveContainer,
  exportPipelineSchema,
  type PipelineRun,
  runExportPipeline,
  type StoredBlob,
} from '../../../../shared/transfer/index.ts';
import { image } from '../../../helpers/memory-content.ts';
import { ReferringRepository } from '../../../helpers/memory-referrers.ts';
import { memorySinks } from '../../../helpers/memory-sinks.ts';

const URI = 'https://acme.blob.core.windows.net/outbound';
const RUN = {
  name: 'weekly42',
  request: {
    pipelineResourceId: 'x/exportPipelines/outbound',
    artifacts: ['shop:1'],
    target: { name: 'shop.tar' },
  },
  longshore: { generation: 'first' },
} as unknown as PipelineRun;

/** Exports into a container in which, while the archive is written, a blob of the given run appears. */
function exportBeside(owner: string): Promise<unknown> {
  const there: StoredBlob[] = [];
  const { open } = memorySinks((step) => {
    if (step !== 'commit') return;
    const metadata = { longshore_run: owner };
    there.push({
      name: 'shop.tar',
      size: 1,
      etag: '"1"',
      modifiedAt: new Date(0),
      contentMd5: undefined,
      metadata,
    });
    throw new StorageError('E_BLOB_EXISTS', 'Blob shop.tar exists already.');
  });
  const container: Pick<ArchiveContainer, 'uri' | 'find' | 'create'> = {
    uri: URI,
    find: async (name) => there.find((blob) => blob.name === name),
    create: (name, size) => {
      const sink = open(name, size);
      return {
        write: async (chunk) => (await sink).write(chunk),
        commit: async (facts) => (await sink).commit(facts),
        abort: async () => (await sink).abort(),
      };
    },
  };
  const { root, ...graph } = image('shop');
  const source = new ReferringRepository();
  source.seed({ root, ...graph });
  const repository = {
    fetchManifest: source.fetchManifest.bind(source),
    openBlob: source.openBlob.bind(source),
    resolve: async () => root,
    async *tags() {},
  };
  const pipeline = exportPipelineSchema.parse({
    name: 'outbound',
    registry: 'acme.azurecr.io',
    target: { uri: URI, storageAccessMode: 'ManagedIdentity' },
  });
  const storage = {
    containers: { open: async () => container as ArchiveContainer },
    secrets: { read: () => Promise.reject(new Error('there is none')) },
    now: () => new Date(),
  };
  const call = { onShare() {}, note: async () => {}, signal: undefined };
  return runExportPipeline(RUN, pipeline, { storage, repository: () => repository }, call);
}

it('an archive that another worker on the same run just wrote is looked at again later', async () => {
  await expect(exportBeside('weekly42-first')).rejects.toMatchObject({ code: 'E_NETWORK' });
});

it.each(['weekly42-second', 'daily01-first'])(
  'the archive of another run, %s, is in the way',
  async (owner) => {
    await expect(exportBeside(owner)).rejects.toMatchObject({ code: 'E_BLOB_EXISTS' });
  },
);
