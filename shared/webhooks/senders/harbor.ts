import * as z from 'zod';
import { eventsOrIgnored, MAX_EVENTS, type Sender } from './sender.ts';

const resource = z.object({ tag: z.string().nullish(), digest: z.string().nullish() });
const eventData = z.object({
  // Checked one by one, as far as they are read: of too many wrong ones zod's notes take seconds.
  resources: z.array(z.unknown()).nullish(),
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
    if (!data) return { kind: 'unrecognized' };
    if (!PUSHED.has(data.type) && !DELETED.has(data.type))
      return { kind: 'ignored', what: data.type.slice(0, 40) };
    const about = eventData.safeParse(data.event_data ?? data.data).data;
    if (!about) return { kind: 'unrecognized' };
    const repository = about.repository.repo_full_name;
    const resources = z.array(resource).safeParse((about.resources ?? []).slice(0, MAX_EVENTS)).data;
    if (!resources) return { kind: 'unrecognized' };
    return eventsOrIgnored(
      resources
        .filter(({ tag, digest }) => (PUSHED.has(data.type) ? tag : (tag ?? digest)))
        .map(({ tag, digest }) => ({ repository, tag, digest })),
      'no tag was moved',
    );
  },
};
