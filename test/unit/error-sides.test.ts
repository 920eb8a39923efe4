import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { notingChildren } from '../../shared/budget/index.ts';
import { factsFromUpstream } from '../../shared/budget/watch-facts.ts';
import { parseReference, parseRepositoryName } from '../../shared/content/index.ts';
import { type ErrorSide, RegistryError, type SideOptions } from '../../shared/errors.ts';
import { importImage } from '../../shared/imports/index.ts';
import { approveDeletions, explainWatch } from '../../shared/mirror/index.ts';
import { observationsInTargets } from '../../shared/mirror/sync/observations-in-targets.ts';
import { withoutTrimmedCopies } from '../../shared/mirror/sync/trimmed-copies.ts';
import type { RegistryClient, Repository } from '../../shared/registry/index.ts';
import {
  type ArchiveContainer,
  exportPipelineSchema,
  exportToArchive,
  importFromArchive,
  importPipelineSchema,
  type PipelineRun,
  runExportPipeline,
  showArchive,
} from '../../shared/transfer/index.ts';
import {
  type ImportRunPorts,
  runImportPipeline,
} from '../../shared/transfer/pipelines/run-import-pipeline.ts';
import { imageLayout, memoryFile, tarOfFiles } from '../helpers/layout-archive.ts';
import { createMemoryRecords } from '../helpers/memory-records.ts';
import { DeletionWorld, TARGET, WATCH } from './mirror/deletions/world.ts';
import { createWatch, digest, TARGET as WATCH_TARGET } from './mirror/fixtures.ts';

type Client = Pick<RegistryClient, 'repository' | 'repositories'>;

/** A registry in which every call fails, with the side as which its repository was opened. */
class DenyingRegistry implements Client {
  readonly failures: RegistryError[] = [];

  readonly repository = (name: Repository['name'], { side }: SideOptions = {}): Repository => {
    const deny = () => {
      const error = new RegistryError('E_DENIED', 'Denied.', { side });
      this.failures.push(error);
      return error;
    };
    return new Proxy({ name } as Repository, {
      get: (known, property) => {
        if (property in known) return Reflect.get(known, property);
        if (property === 'tags' || property === 'listDigests')
          return () => {
            throw deny();
          };
        return async () => {
          throw deny();
        };
      },
      // What a repository does not have is not asked of it.
      has: (known, property) => property in known,
    });
  };

  async *repositories(): AsyncGenerator<string> {}

  get sides(): readonly (ErrorSide | undefined)[] {
    return [...new Set(this.failures.map(({ side }) => side))];
  }
}

const storage = {
  containers: { open: () => Promise.reject(new Error('not used')) },
  secrets: { read: () => Promise.reject(new Error('not used')) },
  now: () => new Date(0),
};

const CONTAINER = {
  uri: 'https://acme.blob.core.windows.net/transfer',
  storageAccessMode: 'ManagedIdentity',
};
const RUN = {
  name: 'run',
  request: { pipelineResourceId: 'x/exportPipelines/outbound' },
  longshore: { generation: 'first', createdAt: new Date(0).toISOString() },
} as unknown as PipelineRun;
const RUN_CALL = { onShare() {}, note: async () => {}, signal: undefined };
const silent = () => {};
const silentLogger = { debug: silent, info: silent, warn: silent, error: silent };

function storageOf(container: Partial<ArchiveContainer>) {
  const opened = { uri: CONTAINER.uri, ...container } as ArchiveContainer;
  return { ...storage, containers: { open: async () => opened } };
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'error-sides-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function archiveFile(): Promise<string> {
  const file = path.join(await temporaryFolder(), 'app.tar');
  const name = { 'org.opencontainers.image.ref.name': 'team/app:1' };
  await writeFile(file, await tarOfFiles(imageLayout({ annotations: name }).files));
  return file;
}

const watch = createWatch();
const target = parseRepositoryName(WATCH_TARGET);
const observed = { target: `${WATCH_TARGET}:22`, digest: digest('new') };

const CALLS: readonly (readonly [
  string,
  readonly ErrorSide[],
  (registry: DenyingRegistry) => Promise<unknown>,
])[] = [
  [
    'import asks both registries',
    ['source', 'target'],
    ({ repository }) =>
      importImage(repository, parseReference(`docker.io/library/node:22`), { ...target, tag: '22' }, {}),
  ],
  [
    'export reads its artifacts',
    ['source'],
    async (registry) =>
      exportToArchive({
        registry,
        storage,
        artifacts: ['docker.io/library/node:22'],
        to: path.join(await temporaryFolder(), 'out.tar'),
      }),
  ],
  [
    'export lists tags for a pattern',
    ['source'],
    async (registry) =>
      exportToArchive({
        registry,
        storage,
        artifacts: ['docker.io/library/node:2*'],
        to: path.join(await temporaryFolder(), 'out.tar'),
      }),
  ],
  [
    'an export run reads its artifacts',
    ['source'],
    ({ repository }) =>
      runExportPipeline(
        {
          ...RUN,
          request: {
            ...RUN.request,
            artifacts: ['node:22'],
            target: { type: 'AzureStorageBlob', name: 'a' },
          },
        },
        exportPipelineSchema.parse({ name: 'outbound', registry: 'docker.io', target: CONTAINER }),
        { storage: storageOf({ find: async () => undefined }), repository },
        RUN_CALL,
      ),
  ],
  [
    'an import run writes its artifacts',
    ['target'],
    async ({ repository }) => {
      const name = { 'org.opencontainers.image.ref.name': 'team/app:1' };
      const blob = {
        ...memoryFile(await tarOfFiles(imageLayout({ annotations: name }).files)),
        name: 'app.tar',
        etag: '"1"',
        modifiedAt: new Date(0),
        contentMd5: undefined,
        metadata: {},
      };
      const run = {
        ...RUN,
        request: { ...RUN.request, source: { type: 'AzureStorageBlob', name: 'app.tar' } },
      };
      return runImportPipeline(
        run as PipelineRun,
        importPipelineSchema.parse({ name: 'inbound', registry: 'acme.azurecr.io', source: CONTAINER }),
        {
          storage: storageOf({ open: async () => blob }),
          repository,
          tags: createMemoryRecords(),
          blobs: createMemoryRecords(),
          now: () => new Date(0),
          runs: createMemoryRecords<PipelineRun>(),
          logger: silentLogger,
        } as unknown as ImportRunPorts,
        RUN_CALL,
      );
    },
  ],
  [
    'an archive is imported',
    ['target'],
    async (repository) =>
      importFromArchive({ repository, storage, registry: 'acme.azurecr.io', from: await archiveFile() }),
  ],
  [
    'an archive is compared with a registry',
    ['target'],
    async (repository) =>
      showArchive({
        storage,
        from: await archiveFile(),
        target: { repository, registry: 'acme.azurecr.io' },
      }),
  ],
  [
    'the rules of a watch are explained',
    ['source'],
    (registry) => explainWatch({ ...watch, tags: { include: ['2*'], exclude: [] } }, { registry }),
  ],
  [
    'a plan without records looks at the copies',
    ['target'],
    (registry) => Array.fromAsync(observationsInTargets(registry, watch).list(WATCH_TARGET)),
  ],
  [
    'a copy that looks trimmed is read',
    ['target'],
    (registry) =>
      withoutTrimmedCopies(
        watch,
        {
          plan: { changes: [{ observed, known: { digest: digest('old') } }], unchanged: 0 },
        } as unknown as Parameters<typeof withoutTrimmedCopies>[1],
        registry,
        undefined,
      ),
  ],
  [
    'a deletion is approved',
    ['source'],
    async (registry) => {
      const { world } = await DeletionWorld.create();
      return approveDeletions([TARGET], [WATCH], { ...world.ports(), registry });
    },
  ],
  [
    'a forecast asks for tags',
    ['source'],
    (registry) =>
      factsFromUpstream({ watches: [watch], patterns: [] }, registry, {
        feedOf: () => undefined,
        familyOf: () => undefined,
        now: () => new Date(0),
      }),
  ],
  [
    'a plan notes the sizes of indexes',
    ['source'],
    (registry) => notingChildren(new Map(), registry).repository(target, { side: 'source' }).resolve('22'),
  ],
];

it.each(CALLS)('where %s, the failure of a registry says %j', async (_, sides, call) => {
  const registry = new DenyingRegistry();
  await call(registry).catch((error: unknown) => {
    if (!(error instanceof RegistryError)) throw error;
  });
  expect(registry.sides).toEqual(sides);
});
