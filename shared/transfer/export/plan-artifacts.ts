import pLimit from 'p-limit';
import { type Descriptor, formatReference, parseReference } from '../../content/index.ts';
import { codeOf, describeError, InvalidInputError } from '../../errors.ts';
import type { ContentSource } from '../../imports/index.ts';
import { type PlannedArtifact, type PlanOptions, planArtifact } from './planned-artifact.ts';

const ARTIFACTS_AT_ONCE = 4;
/** All manifests are held until they are written. */
const MAX_MANIFESTS_BYTES = 256 * 1024 * 1024;

export interface ExportArtifact {
  /** A `ReferrerSource` brings what is attached to the artifact as well. */
  readonly source: ContentSource;
  /** What the name was resolved to. */
  readonly root: Pick<Descriptor, 'digest'>;
  /** Full reference with tag or digest, for example `acme.azurecr.io/base/node:22`. */
  readonly name: string;
}

/** Whether to go on without what failed, after any failure or after some. */
export type ContinueOnErrors = boolean | ((error: unknown) => boolean);

export interface FailedArtifact {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

export interface ArtifactPlan {
  readonly planned: readonly PlannedArtifact[];
  readonly failed: readonly FailedArtifact[];
}

/**
 * Reads the manifests of all artifacts.
 * @throws InvalidInputError `E_ARGUMENT` for names that cannot stand in an archive together, and, unless
 * `continueOnErrors`, the first failure of an artifact
 */
export async function planArtifacts(
  artifacts: readonly ExportArtifact[],
  {
    continueOnErrors,
    platforms,
    referrers,
    signal: outer,
  }: PlanOptions & { readonly continueOnErrors?: ContinueOnErrors | undefined },
): Promise<ArtifactPlan> {
  const named = withFullNames(artifacts);
  const slots = pLimit(ARTIFACTS_AT_ONCE);
  const stop = new AbortController();
  const signal = outer ? AbortSignal.any([outer, stop.signal]) : stop.signal;
  const failed: FailedArtifact[] = [];
  let manifestBytes = 0;

  const plan = async ({ name, source, root }: ExportArtifact): Promise<PlannedArtifact | undefined> => {
    signal.throwIfAborted();
    try {
      const planned = await planArtifact(
        { name, source, root: root.digest },
        { platforms, referrers, signal },
      );
      for (const { size } of planned.manifests.values()) manifestBytes += size;
      if (manifestBytes <= MAX_MANIFESTS_BYTES) return planned;
    } catch (error) {
      if (signal.aborted || !continuesAfter(error, continueOnErrors)) throw error;
      failed.push({ name, code: codeOf(error), message: describeError(error) });
      return undefined;
    }
    throw new InvalidInputError(
      'E_ARGUMENT',
      `The manifests of the artifacts are together larger than ${MAX_MANIFESTS_BYTES} bytes. Export fewer at a time.`,
    );
  };

  const plans = named.map((artifact) =>
    slots(async () => {
      try {
        return await plan(artifact);
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    }),
  );
  await Promise.allSettled(plans);
  const planned = (await Promise.all(plans)).filter((one) => one !== undefined);
  return { planned, failed };
}

export function continuesAfter(error: unknown, continueOnErrors: ContinueOnErrors = false): boolean {
  return typeof continueOnErrors === 'function' ? continueOnErrors(error) : continueOnErrors;
}

function withFullNames(artifacts: readonly ExportArtifact[]): readonly ExportArtifact[] {
  const names = new Set<string>();
  return artifacts.map((artifact) => {
    const reference = parseReference(artifact.name);
    const name = formatReference(reference);
    if (reference.tag === undefined && reference.digest === undefined) {
      throw new InvalidInputError('E_ARGUMENT', `"${artifact.name}" needs a tag or a digest to be exported.`);
    }
    if (names.has(name)) {
      throw new InvalidInputError('E_ARGUMENT', `"${name}" is to be exported twice. Name it once.`);
    }
    names.add(name);
    return { ...artifact, name };
  });
}
