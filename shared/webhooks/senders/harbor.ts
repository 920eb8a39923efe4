import * as z from 'zod';
import { hintsOrNothing, MAX_EVENTS, type Sender } from './sender.ts';

const eventData = z.object({
  resources: z.array(z.object({ tag: z.string().nullish(), digest: z.string().nullish() })).nullish(),
  repository: z.object({ repo_full_name: z.string() }),
});
/** The default format has `event_data`, CloudEvents 1.0 has `data`. */
const event = z.object({
  type: z.string(),
  event_data: z.unknown().optional(),
  data: z.unknown().optional(),
});

const PUSHED = new Set(['PUSH_ARTIFACT', 'harbor.artifact.pushed']);
const DELETED = new Set(['DELETE_ARTIFACT', 'harbor.artifact.deleted']);

/** Harbor ("Configure Webhook Notifications"), in both formats. The policy's "Auth Header" is sent as it is. */
export const harbor: Sender = {
  proof: { kind: 'header or path' },
  read(json) {
    const { data } = event.safeParse(json);
    if (!data) return { kind: 'strange' };
    if (!PUSHED.has(data.type) && !DELETED.has(data.type))
      return { kind: 'nothing', what: data.type.slice(0, 40) };
    const about = eventData.safeParse(data.event_data ?? data.data).data;
    if (!about) return { kind: 'strange' };
    const repository = about.repository.repo_full_name;
    const resources = (about.resources ?? []).slice(0, MAX_EVENTS);
    return hintsOrNothing(
      resources
        .filter(({ tag, digest }) => (PUSHED.has(data.type) ? tag : (tag ?? digest)))
        .map(({ tag, digest }) => ({ repository, tag, digest })),
      'no tag was moved',
    );
  },
};
