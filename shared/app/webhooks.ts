import { createKeyVaultSecrets } from '../azure/index.ts';
import { type Config, readSecret } from '../config/index.ts';
import type { PollReport, PollTagsPorts, Watch } from '../mirror/index.ts';
import { createWebhooks, type Webhooks, type WebhooksPorts } from '../webhooks/index.ts';
import { briefly } from './briefly.ts';
import type { RegistryIdentities } from './connect.ts';

/** A secret that was changed in its vault counts so long after. A lookup that failed is not repeated for every request. */
const KEEP_SECRET_MS = 5 * 60_000;
const KEEP_FAILURE_MS = 10_000;
/** Senders wait for an answer, also when of two secrets the one that is not needed is slow. */
const READ_SECRET_MS = 8_000;

export interface WebhookParts extends Pick<RegistryIdentities, 'env' | 'azure'> {
  readonly poll: PollTagsPorts;
  readonly notices: WebhooksPorts['notices'];
  readonly allowances: WebhooksPorts['allowances'];
  readonly watches: WebhooksPorts['watches'];
}

/** The configured webhooks. Their secrets are looked up at the first notice. */
export function webhooksFor(
  { webhooks }: Pick<Config, 'webhooks'>,
  { env, azure, ...ports }: WebhookParts,
): Webhooks {
  const vault = createKeyVaultSecrets({ credential: () => azure.credential(), timeoutMs: READ_SECRET_MS });
  const secrets = new Map(
    webhooks.map((webhook) => [
      webhook.name,
      webhook.secrets.map((ref) =>
        briefly(() => readSecret(`webhooks.${webhook.name}.secret`, ref, { env, vault }), {
          keepMs: KEEP_SECRET_MS,
          keepFailureMs: KEEP_FAILURE_MS,
        }),
      ),
    ]),
  );
  return createWebhooks({
    ...ports,
    webhooks,
    secretsOf: ({ name }) => (secrets.get(name) ?? []).map((read) => read()),
  });
}

/** Polls with what webhooks told in mind: fed watches rest, and what no notice announced is noted. */
export async function pollBesides(
  webhooks: Webhooks,
  watches: readonly Watch[],
  poll: (watches: readonly Watch[]) => Promise<PollReport>,
): Promise<PollReport> {
  const report = await poll(await webhooks.rested(watches));
  await webhooks.learnFrom(watches, report.watches);
  return report;
}
