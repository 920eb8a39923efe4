import {
  type Descriptor,
  formatReference,
  parseDigestTag,
  parseReference,
  type Reference,
  type RepositoryName,
  withDefaultTag,
} from '../../content/index.ts';
import { codeOf, describeError, InvalidInputError, RegistryError, type SideOptions } from '../../errors.ts';
import { compileGlob, isGlob } from '../../glob.ts';
import type { ContentCallOptions, ContentSource } from '../../imports/index.ts';
import {
  type ContinueOnErrors,
  continuesAfter,
  type ExportArtifact,
  type FailedArtifact,
} from './plan-artifacts.ts';

/** A repository that artifacts are exported from. */
export interface ExportRepository extends ContentSource {
  tags(options?: ContentCallOptions): AsyncIterable<string>;
  resolve(tagOrDigest: string, options?: ContentCallOptions): Promise<Descriptor | undefined>;
}

export type OpenExportRepository = (name: RepositoryName, options?: SideOptions) => ExportRepository;

/** ACR's own limit is 50. This one only keeps a glob from taking everything there is. */
const MAX_ARTIFACTS = 10_000;
/** Far longer than any tag. */
const MAX_GLOB_LENGTH = 512;

export interface ExpandOptions extends ContentCallOptions {
  /** Goes before names that have no host: the registry of a pipeline. Default: Docker's reading of names. */
  readonly registry?: string | undefined;
  /** Record what does not exist, and continue. */
  readonly continueOnErrors?: ContinueOnErrors | undefined;
  /** The maximum number of artifacts; ACR: 50. */
  readonly limit?: number | undefined;
}

export interface ResolvedArtifact extends ExportArtifact {
  readonly root: Descriptor;
}

export interface Expanded {
  /** Each once, by name. */
  readonly artifacts: readonly ResolvedArtifact[];
  readonly failed: readonly FailedArtifact[];
}

/**
 * Finds what is to be exported: `repo` (its tag `latest`), `repo:tag`, `repo@sha256:…`, and `repo:GLOB` over the tags
 * there are. Each name is resolved to a digest now: a tag that moves later changes nothing.
 * @throws InvalidInputError `E_REFERENCE` for a name that is none, `E_ARGUMENT` beyond the limit; RegistryError
 * `E_NOT_FOUND` for what is not there
 */
export async function expandArtifacts(
  names: readonly string[],
  repository: OpenExportRepository,
  options: ExpandOptions = {},
): Promise<Expanded> {
  const { registry, continueOnErrors, limit = MAX_ARTIFACTS, signal } = options;
  const artifacts = new Map<string, ResolvedArtifact>();
  const failed: FailedArtifact[] = [];
  for (const wanted of names) {
    try {
      for (const name of await namesOf(wanted, registry, repository, signal)) {
        const artifact = await resolve(name, repository, signal);
        artifacts.set(artifact.name, artifact);
        if (artifacts.size > limit) throw tooMany(limit);
      }
    } catch (error) {
      signal?.throwIfAborted();
      const isOfOrder = error instanceof InvalidInputError && error.code === 'E_ARGUMENT';
      if (isOfOrder || !continuesAfter(error, continueOnErrors)) throw error;
      failed.push({ name: wanted, code: codeOf(error), message: describeError(error) });
    }
  }
  return { artifacts: [...artifacts.values()], failed };
}

async function namesOf(
  wanted: string,
  registry: string | undefined,
  repository: OpenExportRepository,
  signal: AbortSignal | undefined,
): Promise<readonly Reference[]> {
  const text = registry === undefined || wanted.startsWith(`${registry}/`) ? wanted : `${registry}/${wanted}`;
  const [, name = '', pattern = ''] = /^(.+):([^:/@]+)$/.exec(text) ?? [];
  if (!isGlob(pattern)) return [withDefaultTag(parseReference(text))];
  if (pattern.length > MAX_GLOB_LENGTH) {
    throw new InvalidInputError(
      'E_ARGUMENT',
      `The pattern after ${name.slice(0, 300)}: is ${pattern.length} characters long, at most ${MAX_GLOB_LENGTH} are possible. Write several.`,
    );
  }
  const from = parseReference(name);
  const matches = compileGlob(pattern);
  const tags: string[] = [];
  // Cosign tags and referrers tags are exported with their subject, unless the pattern asks for them.
  for await (const tag of repository(from, { side: 'source' }).tags({ signal }))
    if (matches(tag) && (!parseDigestTag(tag) || pattern.startsWith('sha256-'))) tags.push(tag);
  if (tags.length === 0) throw notFound(`No tag of ${formatReference(from)} matches "${pattern}".`);
  return tags.map((tag) => ({ ...from, tag }));
}

async function resolve(
  reference: Reference,
  repository: OpenExportRepository,
  signal: AbortSignal | undefined,
): Promise<ResolvedArtifact> {
  const name = formatReference(reference);
  const source = repository(reference, { side: 'source' });
  const root = await source.resolve(reference.digest ?? reference.tag ?? '', { signal });
  if (!root)
    throw notFound(`${name} does not exist. Check the name and the ${reference.digest ? 'digest' : 'tag'}.`);
  return { source, root, name };
}

function notFound(message: string): RegistryError {
  return new RegistryError('E_NOT_FOUND', message, { status: 404, operation: 'resolve', side: 'source' });
}

function tooMany(limit: number): InvalidInputError {
  return new InvalidInputError(
    'E_ARGUMENT',
    `These are more than ${limit} artifacts, the most for one run. Order several runs, or raise the limit.`,
  );
}
