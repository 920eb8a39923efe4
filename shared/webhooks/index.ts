/** Notifications of registries: authentication, the events in them, and how they change polling. */
export { minuteAllowanceSchema } from './allowance.ts';
export { withRest } from './liveness.ts';
export { repositoryNotificationsSchema } from './notification-record.ts';
export type { WebhookAnswer, WebhookRequest } from './request.ts';
export { problemOfSecret, SENDER_NAMES, type Webhook } from './webhook.ts';
export { createWebhooks, type WebhookState, type Webhooks } from './webhooks.ts';
