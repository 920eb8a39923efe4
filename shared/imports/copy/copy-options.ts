import type { Digest, ManifestContent, Platform } from '../../content/index.ts';
import type { CopyProgress } from './copy-progress.ts';
import type { MountSourceIndex } from './mount-source-index.ts';

export interface CopyOptions {
  /** Copy only these platforms out of an index. Empty or absent: all. */
  readonly platforms?: readonly Platform[] | undefined;
  /** A repository of the target's registry that may hold the blobs already; mounted from instead of sent. */
  readonly mountFrom?: string | undefined;
  /** Without `mountFrom`, asked for each blob where it may be mounted from; told what became of each. */
  readonly mounts?: Pick<MountSourceIndex, 'find' | 'note'> | undefined;
  /** Whether the target repository had nothing before, as soon as that is known: then it is not asked for manifests and small blobs. */
  readonly isNew?: Promise<boolean> | undefined;
  /** Copy what is attached to the image as well: signatures, SBOMs, attestations. Default: true. */
  readonly referrers?: boolean | undefined;
  /** Asked before a tag that is copied along is pushed (cosign's): whether it may move from `there`. Throws to end the copy. */
  readonly guardAttached?:
    | ((tag: string, there: Digest | undefined, wanted: Digest) => Promise<boolean>)
    | undefined;
  /**
   * The last step: makes the root visible in the target, under a tag, a digest or a condition. It runs after
   * every child and referrer is there, and once more with the trimmed index when the target refuses a partial one.
   * Default: pushes the root under its own digest.
   */
  readonly publish?: ((root: ManifestContent, signal: AbortSignal) => Promise<unknown>) | undefined;
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}
