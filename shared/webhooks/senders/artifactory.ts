import * as z from 'zod';
import { hintsOrNothing, type Sender } from './sender.ts';

const event = z.object({ domain: z.string(), event_type: z.string() });
const about = z.object({
  data: z.object({ repo_key: z.string(), image_name: z.string(), tag: z.string().nullish() }),
});

const MOVES = new Set(['pushed', 'deleted', 'promoted']);

/**
 * JFrog Artifactory ("Event Types", domain docker), with the payload signed. Whether its images are pulled as
 * KEY/IMAGE or, each key under a host of its own, as IMAGE depends on how it is set up: both are asked about if watched.
 */
export const artifactory: Sender = {
  proof: {
    kind: 'signature',
    signature: (headers) => headers.get('x-jfrog-event-auth') ?? undefined,
  },
  read(json) {
    const { data } = event.safeParse(json);
    if (!data) return { kind: 'strange' };
    if (data.domain !== 'docker' || !MOVES.has(data.event_type))
      return { kind: 'nothing', what: `${data.domain} ${data.event_type}`.slice(0, 40) };
    const image = about.safeParse(json).data?.data;
    if (!image) return { kind: 'strange' };
    const { repo_key: key, image_name: name, tag } = image;
    return hintsOrNothing(
      tag ? [`${key}/${name}`, name].map((repository) => ({ repository, tag })) : [],
      'no tag was moved',
    );
  },
};
