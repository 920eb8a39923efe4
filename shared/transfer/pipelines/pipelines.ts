import { InvalidInputError } from '../../errors.ts';
import type { Records } from '../../records.ts';
import {
  type ExportPipeline,
  exportPipelineSchema,
  type ImportPipeline,
  importPipelineSchema,
  type PipelineKind,
  pipelineKey,
} from './pipeline.ts';

/** The pipelines of one kind: those that the configuration declares, and those kept in records. */
export interface Pipelines<P extends { readonly name: string }> {
  /** @throws InvalidInputError `E_ARGUMENT` naming each field at fault, or for a name that the configuration declares */
  create(pipeline: unknown): Promise<P>;
  get(name: string): Promise<P | undefined>;
  /** By name. */
  list(): Promise<readonly P[]>;
  /** Whether there was one. @throws InvalidInputError `E_ARGUMENT` for a name that the configuration declares */
  remove(name: string): Promise<boolean>;
  isDeclared(name: string): boolean;
}

interface Kind<P> {
  readonly kind: PipelineKind;
  readonly parse: (value: unknown) => P;
}

export function exportPipelines(
  records: Records<ExportPipeline>,
  declared: readonly ExportPipeline[],
): Pipelines<ExportPipeline> {
  return pipelines({ kind: 'export', parse: parseExportPipeline }, records, declared);
}

export function importPipelines(
  records: Records<ImportPipeline>,
  declared: readonly ImportPipeline[],
): Pipelines<ImportPipeline> {
  return pipelines({ kind: 'import', parse: parseImportPipeline }, records, declared);
}

function pipelines<P extends ExportPipeline | ImportPipeline>(
  { kind, parse }: Kind<P>,
  records: Records<P>,
  declared: readonly P[],
): Pipelines<P> {
  const byName = new Map(declared.map((pipeline) => [pipeline.name.toLowerCase(), pipeline]));
  const isDeclared = (name: string) => byName.has(name.toLowerCase());
  const refuseDeclared = (name: string) => {
    if (!isDeclared(name)) return;
    throw new InvalidInputError(
      'E_ARGUMENT',
      `The ${kind} pipeline ${name} is declared in the configuration and can be changed only there (transfer.${kind}Pipelines).`,
    );
  };
  return {
    isDeclared,

    async create(value) {
      const pipeline = parse(value);
      refuseDeclared(pipeline.name);
      return (await records.update(pipelineKey(kind, pipeline.name), () => pipeline)) ?? pipeline;
    },

    get: async (name) => byName.get(name.toLowerCase()) ?? (await records.get(pipelineKey(kind, name))),

    async list() {
      const stored = await Array.fromAsync(records.list(kind), ({ value }) => value);
      return [...declared, ...stored.filter(({ name }) => !isDeclared(name))].toSorted((a, b) =>
        a.name.localeCompare(b.name),
      );
    },

    async remove(name) {
      refuseDeclared(name);
      const key = pipelineKey(kind, name);
      const there = await records.get(key);
      await records.remove(key);
      return there !== undefined;
    },
  };
}

function parseExportPipeline(value: unknown): ExportPipeline {
  return parsed(exportPipelineSchema.safeParse(value), 'export');
}

function parseImportPipeline(value: unknown): ImportPipeline {
  return parsed(importPipelineSchema.safeParse(value), 'import');
}

interface Parsed<P> {
  readonly data?: P | undefined;
  readonly error?:
    | { readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] }
    | undefined;
}

function parsed<P>({ data, error }: Parsed<P>, kind: PipelineKind): P {
  if (data !== undefined) return data;
  const problems = (error?.issues ?? []).map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`);
  const all = problems.join('; ').replace(/\.?$/, '.');
  throw new InvalidInputError('E_ARGUMENT', `This is not a valid ${kind} pipeline: ${all}`);
}
