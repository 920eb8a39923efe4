import * as z from 'zod';
import { eventsOrIgnored, MAX_EVENTS, type Sender } from './sender.ts';

const push = z.object({
  repository: z.string(),
  /** A mapping from tag to image in very old versions. */
  updated_tags: z.union([
    // Checked one by one, as far as they are read: of too many wrong ones zod's notes take seconds.
    z.array(z.unknown()),
    z.record(z.string(), z.unknown()).transform((tags) => Object.keys(tags)),
  ]),
});

/** Quay, quay.io ("Repository Notifications", "Push to Repository"). It can neither sign nor send a header. */
export const quay: Sender = {
  proof: { kind: 'path' },
  read(json) {
    const { data } = push.safeParse(json);
    if (!data) {
      const other = z.object({ repository: z.string() }).safeParse(json);
      return other.success ? { kind: 'ignored', what: 'another event' } : { kind: 'unrecognized' };
    }
    const { repository, updated_tags: tags } = data;
    return eventsOrIgnored(
      tags
        .slice(0, MAX_EVENTS)
        .flatMap((tag) => (typeof tag === 'string' && tag !== '' ? [{ repository, tag }] : [])),
      'no tag was moved',
    );
  },
};
