import * as z from 'zod';
import type { ChangeEvent } from '../change-event.ts';
import { changeEventsOf, registryEventSchema } from './registry-event.ts';
import { eventsOrIgnored, MAX_EVENTS, type Sender } from './sender.ts';

const VALIDATION = 'Microsoft.EventGrid.SubscriptionValidationEvent';
const validationSchema = z.object({
  eventType: z.literal(VALIDATION),
  data: z.object({ validationCode: z.string().min(1).max(512) }),
});

const ACTIONS: Readonly<Record<string, string>> = {
  'Microsoft.ContainerRegistry.ImagePushed': 'push',
  'Microsoft.ContainerRegistry.ImageDeleted': 'delete',
  'Microsoft.ContainerRegistry.ChartPushed': 'chart_push',
  'Microsoft.ContainerRegistry.ChartDeleted': 'chart_delete',
};

/** `type` in CloudEvents 1.0, `eventType` in Event Grid's own schema. */
const eventSchema = z.object({
  type: z.string().optional(),
  eventType: z.string().optional(),
  data: z.object({ target: registryEventSchema.shape.target }),
});

const HOST_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/i;

/**
 * Azure Container Registry through Event Grid, in either schema. Event Grid validates the endpoint first: by OPTIONS
 * for CloudEvents ("HTTP 1.1 Web Hooks for Event Delivery", section 4), by an event with a code to send back for the
 * other. The URL for manual validation is never requested.
 */
export const eventGrid: Sender = {
  proof: { kind: 'path' },

  handshake(headers) {
    const origin = headers.get('webhook-request-origin') ?? '';
    if (!HOST_NAME.test(origin)) return { status: 400 };
    return {
      status: 200,
      headers: { 'webhook-allowed-origin': origin, 'webhook-allowed-rate': '*', allow: 'OPTIONS, POST' },
    };
  },

  read(json) {
    if (typeof json !== 'object' || json === null) return { kind: 'unrecognized' };
    const events: readonly unknown[] = Array.isArray(json) ? json.slice(0, MAX_EVENTS) : [json];
    const validation = validationSchema.safeParse(events[0]);
    if (validation.data) {
      const { validationCode } = validation.data.data;
      return { kind: 'handshake', answer: { status: 200, body: { validationResponse: validationCode } } };
    }
    return eventsOrIgnored(events.flatMap(eventsOf), 'no event of a registry');
  },
};

function eventsOf(value: unknown): readonly ChangeEvent[] {
  const { data: event } = eventSchema.safeParse(value);
  const action = ACTIONS[event?.type ?? event?.eventType ?? ''];
  return event && action ? changeEventsOf({ action, target: event.data.target }) : [];
}
