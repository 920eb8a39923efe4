import { lazy } from '../../memo.ts';
import type { StorageAccess } from '../storage/index.ts';
import { connectStorage } from './connect-storage.ts';
import type { ImportPipeline } from './pipeline.ts';
import type { Pipelines } from './pipelines.ts';

/** The container of an import pipeline. */
export interface ReadContainer {
  readonly pipeline: string;
  /** @throws StorageError, ConfigError when it cannot be looked into */
  hasBlob(name: string): Promise<boolean>;
}

/** The containers that import pipelines read. Each is opened when it is first asked. */
export async function readContainers(
  pipelines: Pick<Pipelines<ImportPipeline>, 'list'>,
  storage: StorageAccess,
  signal?: AbortSignal,
): Promise<readonly ReadContainer[]> {
  return (await pipelines.list()).map((pipeline) => {
    const open = lazy(() => connectStorage(pipeline, storage, { signal }));
    return {
      pipeline: pipeline.name,
      hasBlob: async (name) => (await (await open()).find(name, { signal })) !== undefined,
    };
  });
}
