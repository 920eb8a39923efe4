import {
  type DeliveryReport,
  EventLog,
  type EventRecord,
  eventRecordSchema,
  type ListEventsOptions,
  logConsumer,
} from '../../events/index.ts';
import { type PlacementLog, tagRecordSchema } from '../../imports/index.ts';
import { silent } from '../../telemetry/index.ts';
import type { Ports } from '../ports.ts';
import type { CallContext, Part } from './part.ts';

export interface EventsFacade {
  /** Tags that were placed since a time, in order. */
  events(options: ListEventsOptions): AsyncIterable<EventRecord>;
  /** Delivers events that a consumer has not handled yet. */
  deliverEvents(context?: CallContext): Promise<DeliveryReport>;
}

export interface EventsPart extends Part<EventsFacade> {
  /** Where one invocation tells of the tags it placed. Without its context, consumers hear from the service's timer. */
  readonly log: (context?: CallContext) => PlacementLog;
  readonly tables: { readonly events: ReturnType<typeof openEvents> };
}

function openEvents(records: Ports['records']) {
  return records('events', eventRecordSchema);
}

/** The log of placed tags. A capability that acts on them adds its consumer here. */
export function eventsPart({ clock, records }: Pick<Ports, 'clock' | 'records'>): EventsPart {
  const events = openEvents(records);
  const log = new EventLog({
    events,
    tags: records('tags', tagRecordSchema),
    consumers: [logConsumer],
    now: clock.now,
  });
  const context = ({ logger = silent, signal }: CallContext = {}) => ({ logger, signal });
  return {
    facade: {
      events: (options) => log.list(options),
      deliverEvents: (call) => log.deliverPending(context(call)),
    },
    log: (call) => log.open(call && context(call)),
    tables: { events },
  };
}
