/** Registries that tell of changes: who to believe, what they mean, and how far to rely on them. */
export { minuteAllowanceSchema } from './allowance.ts';
export { withRest } from './liveness.ts';
export { repositoryNoticesSchema } from './notices.ts';
export type { WebhookAnswer, WebhookRequest } from './request.ts';
export { problemOfSecret, SENDER_NAMES, type Webhook } from './webhook.ts';
export { createWebhooks, type WebhookState, type Webhooks } from './webhooks.ts';
