import pLimit from 'p-limit';
import { describeError } from '../errors.ts';
import type { Logger } from '../telemetry/index.ts';
import { type ChangeEvent, changedReferences } from './change-event.ts';
import { isSameSecret, isSignature } from './proof.ts';
import { readBody } from './read-body.ts';
import type { WebhookAnswer, WebhookRequest } from './request.ts';
import { SENDERS } from './senders/index.ts';
import type { Notification, Sender } from './senders/sender.ts';
import { problemOfSecret, type Webhook } from './webhook.ts';

export interface ReceiverPorts {
  readonly webhooks: readonly Webhook[];
  /** The secrets shared with a sender, of which any is accepted: two during a rotation. Each rejects when it cannot be read. */
  readonly secretsOf: (webhook: Webhook) => readonly Promise<string>[];
  /** Stores the references of a notification, and checks what it can. Resolves once they are stored; else throws. */
  readonly accept: (
    webhook: Webhook,
    repository: string,
    references: readonly string[],
    context: ReceiveContext,
  ) => Promise<void>;
  /** Repositories (`host/path`) that are watched. */
  readonly watched: () => Promise<{ has(repository: string): boolean }>;
}

export interface ReceiveContext {
  readonly logger: Logger;
  readonly signal?: AbortSignal | undefined;
}

/** A slower request would block one of the few that run at once. */
const READ_WITHIN_MS = 20_000;
const REPOSITORIES_AT_ONCE = 8;

/** Without a secret a sender learns nothing, not even which webhooks there are. */
const NOTHING_HERE: WebhookAnswer = { status: 404 };
const ACCEPTED: WebhookAnswer = { status: 202, body: { status: 'accepted' } };
const IGNORED: WebhookAnswer = { status: 202, body: { status: 'ignored' } };

/**
 * Handles one request at the webhook route: authenticates the sender, reads the body and stores what its events name. A
 * notification only causes a check at the registry, so one that is sent again, or replayed by an attacker, does no harm.
 * Never throws: a failure is a 503, after which senders that can repeat the request do.
 */
export async function receive(
  request: WebhookRequest,
  ports: ReceiverPorts,
  context: ReceiveContext,
): Promise<WebhookAnswer> {
  const { logger, signal } = context;
  const webhook = ports.webhooks.find(({ name }) => name === request.name);
  if (!webhook) {
    // Takes as long as a wrong secret. The name is not logged: it may be a misplaced secret.
    isSameSecret(request.secret ?? '', [request.name]);
    logger.warn('webhook refused', { why: 'there is no webhook of that name' });
    return NOTHING_HERE;
  }
  const overdue = AbortSignal.timeout(READ_WITHIN_MS);
  const inTime = signal ? AbortSignal.any([signal, overdue]) : overdue;
  try {
    const opened = await open(request, webhook, ports, { logger, signal: inTime });
    if ('why' in opened) {
      logger.warn('webhook refused', { webhook: webhook.name, why: opened.why });
      return opened.answer;
    }
    return await act(opened.notification, webhook, ports, context);
  } catch (error) {
    if (overdue.aborted && !signal?.aborted) {
      logger.warn('webhook refused', { webhook: webhook.name, why: 'the request was too slow' });
      return { status: 408 };
    }
    logger.error('webhook failed', { webhook: webhook.name, error: describeError(error) });
    return { status: 503, headers: { 'retry-after': '60' } };
  }
}

interface Refusal {
  readonly answer: WebhookAnswer;
  /** For the log. Quotes nothing of the request. */
  readonly why: string;
}

/** Authenticates a request and reads its body. */
async function open(
  request: WebhookRequest,
  webhook: Webhook,
  ports: ReceiverPorts,
  { logger, signal }: ReceiveContext & { readonly signal: AbortSignal },
): Promise<{ readonly notification: Notification } | Refusal> {
  const sender = SENDERS[webhook.from];
  const { secrets, failure } = await secretsOf(webhook, ports);
  const unproved = (): Refusal => {
    // It may be the one that could not be read.
    if (failure) throw failure.reason;
    return { answer: NOTHING_HERE, why: `the ${NAMES[sender.proof.kind]} is missing or wrong` };
  };

  const signature = sender.proof.kind === 'signature' ? sender.proof.signature(request.headers) : undefined;
  const isPromising =
    sender.proof.kind === 'signature' ? signature !== undefined : showsSecret(request, sender, secrets);
  if (!isPromising) return unproved();
  if (request.method === 'OPTIONS')
    return sender.handshake
      ? { notification: { kind: 'handshake', answer: sender.handshake(request.headers) } }
      : { answer: NOTHING_HERE, why: 'this sender sends no OPTIONS request' };

  const body = await readBody(request, signal);
  if (!body) return { answer: { status: 413 }, why: 'the body is too large' };
  if (sender.proof.kind === 'signature' && !isSignature(signature ?? '', body, secrets)) return unproved();
  if (failure) {
    const error = describeError(failure.reason);
    logger.warn('a secret of the webhook is missing', { webhook: webhook.name, error });
  }
  const json = parse(body, request, sender);
  return json === undefined
    ? { answer: { status: 400 }, why: 'the body is not JSON' }
    : { notification: sender.read(json, request.headers) };
}

/** The secrets that can be used, and the first reason why one cannot. */
async function secretsOf(
  webhook: Webhook,
  ports: ReceiverPorts,
): Promise<{ readonly secrets: readonly string[]; readonly failure: PromiseRejectedResult | undefined }> {
  const usable = async (reading: Promise<string>): Promise<string> => {
    const secret = await reading;
    const problem = problemOfSecret(secret);
    if (problem === undefined) return secret;
    throw new Error(`A secret of the webhook ${webhook.name} ${problem}.`);
  };
  const readings = await Promise.allSettled(ports.secretsOf(webhook).map(usable));
  return {
    secrets: readings.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
    failure: readings.find((one) => one.status === 'rejected'),
  };
}

const NAMES = { path: 'secret', 'header or path': 'secret', signature: 'signature' } as const;

function showsSecret(
  { secret, headers }: WebhookRequest,
  { proof }: Sender,
  expected: readonly string[],
): boolean {
  const inPath = isSameSecret(secret ?? '', expected);
  if (proof.kind === 'path') return inPath;
  const authorization = headers.get('authorization') ?? '';
  return isSameSecret(authorization.replace(/^Bearer +/i, ''), expected) || inPath;
}

/** `undefined` for what is not JSON in UTF-8. */
function parse(body: Uint8Array, { headers }: WebhookRequest, { jsonText }: Sender): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    return JSON.parse(jsonText ? jsonText(text, headers) : text);
  } catch {
    return undefined;
  }
}

async function act(
  notification: Notification,
  webhook: Webhook,
  ports: ReceiverPorts,
  context: ReceiveContext,
): Promise<WebhookAnswer> {
  const { logger } = context;
  switch (notification.kind) {
    case 'handshake':
      logger.info('webhook answered a handshake', { webhook: webhook.name });
      return notification.answer;
    case 'ignored':
      logger.info('webhook sent nothing to check', { webhook: webhook.name, what: notification.what });
      return IGNORED;
    case 'unrecognized':
      // Not rejected: senders that repeat without end would hold back later notifications.
      logger.warn('webhook sent a body of unknown form', { webhook: webhook.name, from: webhook.from });
      return IGNORED;
    case 'events':
      return await accept(notification.events, webhook, ports, context);
  }
}

async function accept(
  events: readonly ChangeEvent[],
  webhook: Webhook,
  ports: ReceiverPorts,
  context: ReceiveContext,
): Promise<WebhookAnswer> {
  const changed = changedReferences(webhook.registry, events);
  const known = await ports.watched();
  const watched = [...changed].filter(([repository]) => known.has(repository));
  context.logger.info('webhook sent changes', {
    webhook: webhook.name,
    repositories: changed.size,
    watched: watched.length,
  });
  if (watched.length === 0) return IGNORED;
  await pLimit(REPOSITORIES_AT_ONCE).map(watched, ([repository, references]) =>
    ports.accept(webhook, repository, references, context),
  );
  return ACCEPTED;
}
