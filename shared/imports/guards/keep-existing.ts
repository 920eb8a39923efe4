import { formatReference } from '../../content/index.ts';
import { TagExistsError } from '../../errors.ts';
import type { GuardVerdict, TagGuard } from './guard.ts';

export interface KeepExistingOptions {
  /** What moves the tag all the same, for the message: `use --force to move it`. */
  readonly advice: string;
  /** Keep also the tags of signatures and SBOMs that are copied along. Default: they grow with what they name. */
  readonly attached?: boolean | undefined;
}

/**
 * A tag that names other content stays. It may move from what it named before the copy, if that was allowed: then it
 * named a form of the same content. A registry has no conditional PUT, so a tag that another program pushes within the
 * same moment may still be moved.
 */
export function keepExisting({ advice, attached = false }: KeepExistingOptions): TagGuard {
  return async (move): Promise<GuardVerdict> => {
    if (move.isAttached && !attached) return 'allow';
    const { target, wanted, phase, before } = move;
    const there = await move.there();
    if (there === undefined || there === wanted) return 'allow';
    const isForm = phase === 'publish' ? there === before : there === (await move.trimmed());
    if (isForm) return 'allow';
    throw new TagExistsError(
      `${formatReference(target)} exists and is ${there}, not ${wanted}. The tag was left as it is; ${advice}.`,
    );
  };
}
