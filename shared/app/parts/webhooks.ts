import type { Config } from '../../config/index.ts';
import { withDeadline } from '../../deadline.ts';
import { ttlMemo } from '../../memo.ts';
import {
  createWebhooks,
  minuteAllowanceSchema,
  repositoryNotificationsSchema,
  type Webhooks,
} from '../../webhooks/index.ts';
import type { Ports } from '../ports.ts';
import type { MirrorPart } from './mirror.ts';
import type { Part } from './part.ts';

export interface WebhooksFacade {
  /** Registries that tell of changes. */
  readonly webhooks: Pick<Webhooks, 'receive' | 'followWaiting' | 'states'>;
}

export interface WebhooksPart extends Part<WebhooksFacade> {
  readonly webhooks: Webhooks;
}

/** A secret that changed in its vault is used so much later. A failed lookup is not repeated for every request. */
const SECRET_TTL = { ttlMs: 5 * 60_000, failureTtlMs: 10_000 };
/** Senders wait for an answer, also when of two secrets the one that is not needed is slow. */
const READ_SECRET_MS = 8_000;
const WATCHES_TTL = { ttlMs: 60_000, failureTtlMs: 5_000 };

/** The configured webhooks. Their secrets are looked up at the first notification. */
export function webhooksPart(
  config: Pick<Config, 'webhooks'>,
  { clock, records, secrets }: Pick<Ports, 'clock' | 'records' | 'secrets'>,
  { poll, current }: MirrorPart,
): WebhooksPart {
  const now = () => clock.now().getTime();
  const readers = new Map(
    config.webhooks.map(({ name, secrets: sources }) => [
      name,
      sources.map((source) => {
        const where = `webhooks.${name}.secret`;
        const read = () =>
          withDeadline(READ_SECRET_MS, `${where} could not be read`, (signal) =>
            secrets.read(source, { where, signal }),
          );
        return ttlMemo(read, SECRET_TTL, now);
      }),
    ]),
  );
  const webhooks = createWebhooks({
    poll,
    notifications: records('webhooks', repositoryNotificationsSchema),
    allowances: records('allowances', minuteAllowanceSchema),
    watches: ttlMemo(current.seen, WATCHES_TTL, now),
    webhooks: config.webhooks,
    secretsOf: ({ name }) => (readers.get(name) ?? []).map((read) => read()),
  });
  return { facade: { webhooks }, webhooks };
}
