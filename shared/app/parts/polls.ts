import { dispatchPolls, type PollReport, pollShard, type Watch, withFailures } from '../../mirror/index.ts';
import type { Ports } from '../ports.ts';
import type { MirrorPart } from './mirror.ts';
import type { CallContext, Part } from './part.ts';
import type { WebhooksPart } from './webhooks.ts';

export interface PollsFacade {
  /**
   * Polls the watches that are due, or all with `force`, and queues what moved. `watches` names those to poll, or
   * patterns; left out or empty, all.
   * @throws InvalidInputError `E_ARGUMENT` for a name that no watch has, or when all that are named are paused
   */
  poll(
    options?: CallContext & {
      readonly force?: boolean | undefined;
      readonly watches?: readonly string[] | undefined;
    },
  ): Promise<PollReport>;
  /** Polls the watches that a message of the polls queue names, as far as they are due. */
  pollWatches(body: unknown, context?: Pick<CallContext, 'signal'>): Promise<PollReport>;
}

/** Polls, with what webhooks told in mind. */
export function pollsPart(
  { queues }: Pick<Ports, 'queues'>,
  { current, poll }: MirrorPart,
  { webhooks }: WebhooksPart,
): Part<PollsFacade> {
  /** Watches that a webhook feeds rest longer, and what no notification announced is noted. */
  async function withWebhookState(
    watches: readonly Watch[],
    run: (watches: readonly Watch[]) => Promise<PollReport>,
  ): Promise<PollReport> {
    const report = await run(await webhooks.rested(watches));
    await webhooks.learnFrom(watches, report.watches);
    return report;
  }

  return {
    facade: {
      async poll({ force = false, watches: names = [], signal } = {}) {
        const { watches, failures } =
          names.length > 0
            ? await current.named(names, { signal })
            : await current.get({ fresh: force, signal });
        const report = await withWebhookState(watches, (rested) =>
          dispatchPolls(rested, { ...poll, pollQueue: queues.polls }, { force, signal }),
        );
        return withFailures(report, failures);
      },

      async pollWatches(body, options) {
        const { watches } = await current.get(options);
        return await withWebhookState(watches, (rested) => pollShard(body, rested, poll, options));
      },
    },
    probes: { 'polls queue': queues.polls.probe },
  };
}
