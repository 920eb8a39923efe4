import * as z from 'zod';
import { eventsOrIgnored, type Sender } from './sender.ts';

const EVENTS = new Set(['package', 'registry_package']);

const published = z.object({
  name: z.string(),
  namespace: z.string(),
  package_type: z.string(),
  package_version: z
    .object({
      package_url: z.string().nullish(),
      container_metadata: z.object({ tag: z.object({ name: z.string().nullish() }).nullish() }).nullish(),
    })
    .nullish(),
});

/**
 * GitHub's container registry ("Webhook events and payloads", `package` and `registry_package`). Each manifest of an
 * index raises a separate event, without a tag.
 */
export const github: Sender = {
  proof: {
    kind: 'signature',
    // GitHub still sends the older X-Hub-Signature, of SHA-1, beside it.
    signature: (headers) => /^sha256=(\S+)$/.exec(headers.get('x-hub-signature-256') ?? '')?.[1],
  },

  /** A form with the JSON in one field is what GitHub's own page offers first. */
  jsonText(text, headers) {
    const isForm = headers.get('content-type')?.startsWith('application/x-www-form-urlencoded');
    return isForm ? (new URLSearchParams(text).get('payload') ?? '') : text;
  },

  read(json, headers) {
    const event = headers.get('x-github-event') ?? '';
    if (!EVENTS.has(event)) return { kind: 'ignored', what: event.slice(0, 40) };
    const { data } = z.record(z.string(), z.unknown()).safeParse(json);
    const about = published.safeParse(data?.[event]).data;
    if (!about) return { kind: 'unrecognized' };
    const isContainer = ['container', 'docker'].includes(about.package_type.toLowerCase());
    const tag = about.package_version?.container_metadata?.tag?.name;
    if (!isContainer || !tag) return { kind: 'ignored', what: 'no tag was moved' };
    return eventsOrIgnored([{ repository: repositoryOf(about), tag }], 'no tag was moved');
  },
};

/** Owners may have capital letters; their images do not. */
function repositoryOf({ namespace, name, package_version }: z.output<typeof published>): string {
  const [, path] = /^[^/]+\/([^:@]+)/.exec(package_version?.package_url ?? '') ?? [];
  return (path ?? `${namespace}/${name}`).toLowerCase();
}
