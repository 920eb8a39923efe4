import * as z from 'zod';
import { changeEventsOf, registryEventSchema } from './registry-event.ts';
import { eventsOrIgnored, type Sender } from './sender.ts';

/** Azure Container Registry's webhooks ("Azure Container Registry webhook reference"). Not signed; sent once. */
export const acr: Sender = {
  proof: { kind: 'header or path' },
  read(json) {
    const { data } = z.object({ action: z.string() }).safeParse(json);
    if (!data) return { kind: 'unrecognized' };
    if (data.action === 'ping') return { kind: 'ignored', what: 'ping' };
    const event = registryEventSchema.safeParse(json);
    return event.data
      ? eventsOrIgnored(changeEventsOf(event.data), data.action.slice(0, 40))
      : { kind: 'unrecognized' };
  },
};
