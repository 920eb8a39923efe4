import * as z from 'zod';
import type { ChangeEvent } from '../change-event.ts';

const text = z.string().nullish();

/** An event in the form of the CNCF distribution project ("Notifications"), which ACR and Event Grid took over. */
export const registryEventSchema = z.object({
  action: z.string(),
  target: z.object({ repository: z.string(), tag: text, digest: text }),
});

/**
 * What an event changed. A push without a tag moved none. With quarantine on, ACR sends `quarantine` before the image can
 * be pulled, and `push` when it can.
 */
export function changeEventsOf({
  action,
  target,
}: z.output<typeof registryEventSchema>): readonly ChangeEvent[] {
  const { repository, tag, digest } = target;
  switch (action) {
    case 'push':
    case 'chart_push':
      return tag ? [{ repository, tag }] : [];
    case 'delete':
    case 'chart_delete':
      return [{ repository, tag, digest }];
    default:
      return [];
  }
}
