import * as z from 'zod';
import { eventsOrIgnored, type Sender } from './sender.ts';

const push = z.object({
  push_data: z.object({ tag: z.string() }),
  repository: z.object({ repo_name: z.string() }),
});

/** Docker Hub ("Webhooks"): pushes of a tag and nothing else. It can neither sign nor send a header. */
export const dockerHub: Sender = {
  proof: { kind: 'path' },
  read(json) {
    const { data } = push.safeParse(json);
    if (!data) return { kind: 'unrecognized' };
    const { repo_name: repository } = data.repository;
    const { tag } = data.push_data;
    return eventsOrIgnored(tag === '' ? [] : [{ repository, tag }], 'a push without a tag');
  },
};
