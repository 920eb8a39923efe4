import * as z from 'zod';
import { eventsOrIgnored, type Sender } from './sender.ts';

const event = z.object({ domain: z.string(), event_type: z.string() });
const about = z.object({
  data: z.object({ repo_key: z.string(), image_name: z.string(), tag: z.string().nullish() }),
});

const MOVES = new Set(['pushed', 'deleted', 'promoted']);

/**
 * JFrog Artifactory ("Event Types", domain docker), with the payload signed. Whether its images are pulled as
 * KEY/IMAGE or, with a host for each key, as IMAGE depends on its configuration: both are checked if they are watched.
 */
export const artifactory: Sender = {
  proof: {
    kind: 'signature',
    signature: (headers) => headers.get('x-jfrog-event-auth') ?? undefined,
  },
  read(json) {
    const { data } = event.safeParse(json);
    if (!data) return { kind: 'unrecognized' };
    if (data.domain !== 'docker' || !MOVES.has(data.event_type))
      return { kind: 'ignored', what: `${data.domain} ${data.event_type}`.slice(0, 40) };
    const image = about.safeParse(json).data?.data;
    if (!image) return { kind: 'unrecognized' };
    const { repo_key: key, image_name: name, tag } = image;
    return eventsOrIgnored(
      tag ? [`${key}/${name}`, name].map((repository) => ({ repository, tag })) : [],
      'no tag was moved',
    );
  },
};
