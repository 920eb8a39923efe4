import type { ErrorContext, ErrorSide } from '../../errors.ts';

/** What a request is part of, for messages and errors. */
export interface Operation {
  /** A short verb phrase that does not change: `fetch manifest`. */
  readonly name: string;
  /** As it follows the name in a sentence: `docker.io/library/node:22`, `of docker.io/library/node`. */
  readonly subject: string;
  /** What the registry is to the caller. */
  readonly side?: ErrorSide | undefined;
}

/** The beginning of the sentence that says that it failed. */
export function couldNot({ name, subject }: Operation): string {
  return `Could not ${name} ${subject}`;
}

/** What its errors say of it apart from their message. */
export function contextOf({ name, side }: Operation): ErrorContext {
  return { operation: name, side };
}
