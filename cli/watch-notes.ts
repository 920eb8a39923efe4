import { describePlacer } from '../shared/imports/index.ts';
import type { TagOverride } from '../shared/mirror/index.ts';
import { shortTime, withShortDigests } from './format.ts';

/** What a report of a watch says below its tags. */
export interface WatchNotes {
  /** Tags that upstream lacks. */
  readonly gone?: readonly string[];
  /** Rules that match no tag. */
  readonly unmatched?: readonly string[];
  readonly errors: readonly { readonly code: string; readonly message: string }[];
}

/** The same lines for each command that reports on watches: `-` for tags, `?` for rules, `!` for errors. */
export function watchNotes({ gone = [], unmatched = [], errors }: WatchNotes): readonly string[] {
  return [
    ...gone.map((tag) => `  - ${tag}  not upstream; existing copies are kept`),
    ...unmatched.map((rule) => `  ? ${rule}  matches no tag`),
    ...errors.map(({ code, message }) => `  ! ${code}  ${message}`),
  ];
}

/** What is under a tag instead of upstream's image, who placed it and when, and for how long it is kept. */
export function describeOverride({ digest, by, reference, at }: TagOverride): string {
  const placed = `${withShortDigests(digest)}, placed by ${describePlacer(by, reference)} at ${shortTime(at)}`;
  return `${placed}; kept until the tag moves upstream`;
}
