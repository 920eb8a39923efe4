import pLimit from 'p-limit';
import { describeError } from '../errors.ts';
import type { Logger } from '../telemetry/index.ts';
import { gatherSubjects, type Hint } from './hint.ts';
import { isSameSecret, isSignature } from './proof.ts';
import { readBody } from './read-body.ts';
import type { WebhookAnswer, WebhookRequest } from './request.ts';
import { SENDERS } from './senders/index.ts';
import type { Notice, Sender } from './senders/sender.ts';
import { problemOfSecret, type Webhook } from './webhook.ts';

export interface ReceiverPorts {
  readonly webhooks: readonly Webhook[];
  /** The secrets shared with a sender, of which any counts: two while it is changed. Each rejects when it cannot be had. */
  readonly secretsOf: (webhook: Webhook) => readonly Promise<string>[];
  /** Keeps what a notice spoke of, and asks about what it can. Resolves once it is kept; throws when it is not. */
  readonly accept: (
    webhook: Webhook,
    repository: string,
    subjects: readonly string[],
    context: ReceiveContext,
  ) => Promise<void>;
  /** Repositories (`host/path`) that are watched. */
  readonly watched: () => Promise<{ has(repository: string): boolean }>;
}

export interface ReceiveContext {
  readonly logger: Logger;
  readonly signal?: AbortSignal | undefined;
}

/** A request that comes more slowly holds a place that others need. */
const READ_WITHIN_MS = 20_000;
const REPOSITORIES_AT_ONCE = 8;

/** Whoever shows no secret learns nothing, not even which webhooks there are. */
const NOTHING_HERE: WebhookAnswer = { status: 404 };
const ACCEPTED: WebhookAnswer = { status: 202, body: { status: 'accepted' } };
const IGNORED: WebhookAnswer = { status: 202, body: { status: 'ignored' } };

/**
 * Takes one request at the webhook route: believes its sender, understands its body and keeps what it hints at. A
 * notice changes nothing by itself, so one that is sent again, or by somebody who got hold of it, costs a question at most.
 * Never throws: what we cannot do is a 503, upon which senders that can send again do.
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
    return await act(opened.notice, webhook, ports, context);
  } catch (error) {
    if (overdue.aborted && !signal?.aborted) {
      logger.warn('webhook refused', { webhook: webhook.name, why: 'the request came too slowly' });
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

/** Reads a request as far as its sender can be believed. */
async function open(
  request: WebhookRequest,
  webhook: Webhook,
  ports: ReceiverPorts,
  { logger, signal }: ReceiveContext & { readonly signal: AbortSignal },
): Promise<{ readonly notice: Notice } | Refusal> {
  const sender = SENDERS[webhook.from];
  const { secrets, failure } = await secretsOf(webhook, ports);
  const unproved = (): Refusal => {
    // It may be the one that we do not have.
    if (failure) throw failure.reason;
    return { answer: NOTHING_HERE, why: `the ${NAMES[sender.proof.kind]} is missing or wrong` };
  };

  const signature = sender.proof.kind === 'signature' ? sender.proof.signature(request.headers) : undefined;
  const isPromising =
    sender.proof.kind === 'signature' ? signature !== undefined : showsSecret(request, sender, secrets);
  if (!isPromising) return unproved();
  if (request.method === 'OPTIONS')
    return sender.handshake
      ? { notice: { kind: 'answer', answer: sender.handshake(request.headers) } }
      : { answer: NOTHING_HERE, why: 'this sender asks nothing by OPTIONS' };

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
    : { notice: sender.read(json, request.headers) };
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
  notice: Notice,
  webhook: Webhook,
  ports: ReceiverPorts,
  context: ReceiveContext,
): Promise<WebhookAnswer> {
  const { logger } = context;
  switch (notice.kind) {
    case 'answer':
      logger.info('webhook shook hands', { webhook: webhook.name });
      return notice.answer;
    case 'nothing':
      logger.info('webhook told nothing to follow', { webhook: webhook.name, what: notice.what });
      return IGNORED;
    case 'strange':
      // Not refused: senders that try for ever would hold back what comes after.
      logger.warn('webhook not understood', { webhook: webhook.name, from: webhook.from });
      return IGNORED;
    case 'hints':
      return await accept(notice.hints, webhook, ports, context);
  }
}

async function accept(
  hints: readonly Hint[],
  webhook: Webhook,
  ports: ReceiverPorts,
  context: ReceiveContext,
): Promise<WebhookAnswer> {
  const told = gatherSubjects(webhook.registry, hints);
  const known = await ports.watched();
  const watched = [...told].filter(([repository]) => known.has(repository));
  context.logger.info('webhook told of changes', {
    webhook: webhook.name,
    repositories: told.size,
    watched: watched.length,
  });
  if (watched.length === 0) return IGNORED;
  await pLimit(REPOSITORIES_AT_ONCE).map(watched, ([repository, subjects]) =>
    ports.accept(webhook, repository, subjects, context),
  );
  return ACCEPTED;
}
