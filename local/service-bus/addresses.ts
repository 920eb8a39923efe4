/** What an AMQP link is attached to. `entity` is a key made by `entityKey`. */
export type Address =
  /** Claims-based security: where clients put their tokens. */
  | { readonly node: 'cbs' }
  | { readonly node: 'management'; readonly entity: string }
  | { readonly node: 'entity'; readonly entity: string };

/** The form under which a queue or sub-queue is looked up: Service Bus compares names without case. */
export function entityKey(name: string): string {
  return name.toLowerCase();
}

/** Reads `queue`, `queue/$DeadLetterQueue`, either with `/$management`, or `$cbs`; also as `amqp://host/…`. */
export function parseAddress(address: string): Address {
  const path = address.replace(/^[a-z]+:\/\/[^/]+/i, '').replace(/^\/+|\/+$/g, '');
  if (path.toLowerCase() === '$cbs') return { node: 'cbs' };
  const managed = /^(.+)\/\$management$/i.exec(path)?.[1];
  return managed === undefined
    ? { node: 'entity', entity: entityKey(path) }
    : { node: 'management', entity: entityKey(managed) };
}
