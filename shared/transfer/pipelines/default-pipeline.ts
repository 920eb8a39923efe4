import { InvalidInputError } from '../../errors.ts';
import { type ImportPipeline, importPipelineSchema } from './pipeline.ts';
import type { Pipelines } from './pipelines.ts';

/** The name of the implicit pipeline. */
const NAME = 'transfer';

export interface DefaultContainer {
  readonly registry: string;
  readonly uri: string;
}

/**
 * Adds an implicit import pipeline for the functions' own container; it overwrites tags. A pipeline with that
 * name, or for that container, replaces it.
 */
export function withDefaultPipeline(
  pipelines: Pipelines<ImportPipeline>,
  own: () => Promise<DefaultContainer | undefined>,
): Pipelines<ImportPipeline> {
  async function impliedBeside(there: readonly ImportPipeline[]): Promise<ImportPipeline | undefined> {
    const container = await own();
    if (!container || there.some(({ name, source }) => isOwnName(name) || source.uri === container.uri))
      return undefined;
    return importPipelineSchema.parse({
      name: NAME,
      registry: container.registry,
      source: { uri: container.uri, storageAccessMode: 'ManagedIdentity' },
      options: ['OverwriteTags'],
    });
  }
  const list = async () => {
    const there = await pipelines.list();
    const implied = await impliedBeside(there);
    return implied ? [...there, implied] : there;
  };
  return {
    ...pipelines,
    list,
    get: async (name) =>
      (await pipelines.get(name)) ??
      (isOwnName(name) ? (await list()).find((one) => isOwnName(one.name)) : undefined),
    async remove(name) {
      if (await pipelines.remove(name)) return true;
      if (!isOwnName(name)) return false;
      throw new InvalidInputError(
        'E_ARGUMENT',
        `The import pipeline ${NAME} is there as long as transfer.registry is in the configuration. Make one of its name with another trigger or other options to replace it.`,
      );
    },
  };
}

function isOwnName(name: string): boolean {
  return name.toLowerCase() === NAME;
}
