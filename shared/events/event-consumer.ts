import type { PlacementEvent } from '../imports/index.ts';
import type { Logger } from '../telemetry/index.ts';

export interface ConsumerContext {
  readonly logger: Logger;
  readonly signal?: AbortSignal | undefined;
}

/** A placed tag, as consumers hear of it. */
export type TagPlaced = PlacementEvent & { readonly id: string };

/**
 * Hears of every placed tag at least once, and of those of one tag in their order. A repeat has the same `id`.
 * Consumers are quick: what takes long is queued.
 */
export interface EventConsumer {
  /** Stored with events that it has not handled, so it never changes. */
  readonly name: string;
  /** Throwing means: tell again later. */
  handle(event: TagPlaced, context: ConsumerContext): Promise<void>;
}

/** Writes a structured line for every placed tag. */
export const logConsumer: EventConsumer = {
  name: 'log',
  async handle(event, { logger }) {
    logger.info('tag placed', { ...event });
  },
};
