/** What happened to tags, for those who act on it: a durable log, and consumers that hear of every event at least once. */
export { type EventConsumer, logConsumer, type TagPlaced } from './event-consumer.ts';
export { type DeliveryReport, EventLog, type ListEventsOptions } from './event-log.ts';
export { type EventRecord, eventId, eventRecordSchema, isEventExpired } from './event-record.ts';
