import * as z from 'zod';
import type { Hint } from '../hint.ts';

const text = z.string().nullish();

/** An event in the form of the CNCF distribution project ("Notifications"), which ACR and Event Grid took over. */
export const registryEventSchema = z.object({
  action: z.string(),
  target: z.object({ repository: z.string(), tag: text, digest: text }),
});

/**
 * What an event hints at. A push without a tag moved none. With quarantine on, ACR tells of it before the image can be
 * pulled and pushes when it can.
 */
export function hintsOfEvent({ action, target }: z.output<typeof registryEventSchema>): readonly Hint[] {
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
