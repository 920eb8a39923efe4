import * as z from 'zod';
import { hintsOfEvent, registryEventSchema } from './registry-event.ts';
import { hintsOrNothing, MAX_EVENTS, type Sender } from './sender.ts';

const envelope = z.object({ events: z.array(z.unknown()) });

/**
 * The CNCF distribution registry and what is built on it ("Notifications", version 1 and 2 of the envelope). One
 * envelope holds unrelated events, pulls and pushes of layers among them. Sent again until it is taken, those after it
 * waiting: an event we cannot read is passed over and never refused.
 */
export const distribution: Sender = {
  proof: { kind: 'header or path' },
  read(json) {
    const { data } = envelope.safeParse(json);
    if (!data) return { kind: 'strange' };
    const hints = data.events.slice(0, MAX_EVENTS).flatMap((value) => {
      const event = registryEventSchema.safeParse(value);
      return event.data ? hintsOfEvent(event.data) : [];
    });
    return hintsOrNothing(hints, 'no tag was moved');
  },
};
