import * as z from 'zod';
import { changeEventsOf, registryEventSchema } from './registry-event.ts';
import { eventsOrIgnored, MAX_EVENTS, type Sender } from './sender.ts';

const envelope = z.object({ events: z.array(z.unknown()) });

/**
 * The CNCF distribution registry and registries built on it ("Notifications", version 1 and 2 of the envelope). One
 * envelope holds unrelated events, such as pulls and pushes of layers. It is sent again until it is accepted, and later
 * ones wait: so an event that cannot be read is skipped, not rejected.
 */
export const distribution: Sender = {
  proof: { kind: 'header or path' },
  read(json) {
    const { data } = envelope.safeParse(json);
    if (!data) return { kind: 'unrecognized' };
    const events = data.events.slice(0, MAX_EVENTS).flatMap((value) => {
      const event = registryEventSchema.safeParse(value);
      return event.data ? changeEventsOf(event.data) : [];
    });
    return eventsOrIgnored(events, 'no tag was moved');
  },
};
