import { createHmac } from 'node:crypto';
import { ReadableStream } from 'node:stream/web';
import { describe, expect, it } from 'vitest';
import { MAX_BODY_BYTES, readBody } from '../../../shared/webhooks/read-body.ts';
import { type ReceiverPorts, receive } from '../../../shared/webhooks/receive.ts';
import { MIN_SECRET_CHARS, problemOfSecret, type Webhook } from '../../../shared/webhooks/webhook.ts';
import * as payloads from './payloads.ts';

const SECRET = 'aSecretThatIsLongEnough-0123456789';

const webhooks: readonly Webhook[] = (
  ['acr', 'event-grid', 'docker-hub', 'distribution', 'harbor', 'quay', 'github', 'artifactory'] as const
).map((from) => ({ name: from, from, registry: 'r.test', pollEveryMs: 1 }));

interface Given {
  readonly name: string;
  readonly secret?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON unless it is bytes, text or a stream. */
  readonly body?: unknown;
}

/** What the receiver answers, accepts and logs. */
async function post(given: Given, ports: Partial<ReceiverPorts> = {}) {
  const accepted: string[] = [];
  const log: string[] = [];
  const line = (message: string, fields?: object) => void log.push(`${message} ${JSON.stringify(fields)}`);
  const answer = await receive(
    {
      method: given.method ?? 'POST',
      name: given.name,
      secret: given.secret,
      headers: new Headers(given.headers),
      body: streamOf(given.body),
    },
    {
      webhooks,
      secretsOf: () => [Promise.resolve(SECRET)],
      watched: async () => new Set(['r.test/team/app']),
      accept: async (_, repository, references) => {
        accepted.push(...references.map((reference) => `${repository} ${reference}`));
      },
      ...ports,
    },
    { logger: { debug: line, info: line, warn: line, error: line } },
  );
  expect(log.join('\n')).not.toContain(SECRET);
  return { ...answer, accepted, log };
}

function streamOf(body: unknown): ReadableStream<Uint8Array> | null {
  if (body === undefined || body instanceof ReadableStream) return body ?? null;
  const bytes = Buffer.from(
    typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  );
  return new ReadableStream({
    start(controller) {
      // In pieces, as a network gives them.
      for (let at = 0; at < bytes.length; at += 1000) controller.enqueue(bytes.subarray(at, at + 1000));
      controller.close();
    },
  });
}

function sign(body: string, secret = SECRET, algorithm = 'sha256'): string {
  return createHmac(algorithm, secret).update(body).digest('hex');
}

const EVENT = { 'x-github-event': 'registry_package' };
const GITHUB = JSON.stringify(payloads.github.registryPackage);
const TAG = ['r.test/team/app 1.2'];

describe('a sender that knows the secret', () => {
  it.each([
    ['acr', payloads.acr.push, { authorization: SECRET }],
    ['acr', payloads.acr.push, { authorization: `Bearer ${SECRET}` }],
    ['distribution', payloads.distribution.push, { authorization: `bearer ${SECRET}` }],
    ['harbor', payloads.harbor.push, { authorization: SECRET }],
  ])('%s is believed by its header', async (name, body, headers) => {
    expect(await post({ name, body, headers })).toMatchObject({ status: 202, accepted: TAG });
  });

  it.each([
    ['acr', payloads.acr.push],
    ['event-grid', payloads.eventGrid.cloudEvent],
    ['event-grid', payloads.eventGrid.schema],
    ['docker-hub', payloads.dockerHub.push],
    ['distribution', payloads.distribution.push],
    ['harbor', payloads.harbor.cloudEvent],
  ])('%s is believed by the path', async (name, body) => {
    expect(await post({ name, secret: SECRET, body })).toMatchObject({ status: 202, accepted: TAG });
  });

  it('github is believed by its signature, whether it sends JSON or a form', async () => {
    const headers = { ...EVENT, 'x-hub-signature-256': `sha256=${sign(GITHUB)}` };
    expect(await post({ name: 'github', headers, body: GITHUB })).toMatchObject({
      status: 202,
      accepted: TAG,
    });
    const form = new URLSearchParams({ payload: GITHUB }).toString();
    const formHeaders = {
      ...EVENT,
      'content-type': 'application/x-www-form-urlencoded',
      'x-hub-signature-256': `sha256=${sign(form)}`,
    };
    expect(await post({ name: 'github', headers: formHeaders, body: form })).toMatchObject({ accepted: TAG });
  });

  it.each(['next', 'last'])(
    'is believed by either of two while the secret is changed: the %s',
    async (which) => {
      const secrets = { next: SECRET, last: 'theSecretThatGoesAway-0123456789' };
      const secret = secrets[which as keyof typeof secrets];
      const ports = { secretsOf: () => Object.values(secrets).map((one) => Promise.resolve(one)) };
      const others = ['anotherSecret-0123456789-0123', 'aThird-0123456789-0123456789'];
      const wrong = { secretsOf: () => others.map((one) => Promise.resolve(one)) };
      const inPath = { name: 'docker-hub', secret, body: payloads.dockerHub.push };
      const inHeader = { name: 'acr', headers: { authorization: secret }, body: payloads.acr.push };
      const signature = { 'x-hub-signature-256': `sha256=${sign(GITHUB, secret)}` };
      const signed = { name: 'github', headers: { ...EVENT, ...signature }, body: GITHUB };
      for (const given of [inPath, inHeader, signed]) {
        expect(await post(given, ports)).toMatchObject({ status: 202, accepted: TAG });
        expect(await post(given, wrong)).toMatchObject({ status: 404, accepted: [] });
      }
    },
  );

  it('artifactory is believed by its signature', async () => {
    const body = JSON.stringify(payloads.artifactory.push);
    const headers = { 'x-jfrog-event-auth': sign(body) };
    expect(await post({ name: 'artifactory', headers, body })).toMatchObject({ status: 202, accepted: TAG });
  });

  it('shakes hands as Event Grid in both schemas', async () => {
    const headers = { 'webhook-request-origin': 'eventgrid.azure.net' };
    expect(await post({ name: 'event-grid', secret: SECRET, method: 'OPTIONS', headers })).toMatchObject({
      status: 200,
      headers: { 'webhook-allowed-origin': 'eventgrid.azure.net' },
    });
    const body = payloads.eventGrid.validation;
    expect(await post({ name: 'event-grid', secret: SECRET, body })).toMatchObject({
      status: 200,
      body: { validationResponse: '512d38b6-c7b8-40c8-89fe-f46f9e9622b6' },
    });
  });

  it('may name its content in odd ways', async () => {
    for (const type of [
      '',
      'text/plain',
      'application/vnd.docker.distribution.events.v2+json; charset=utf-8',
    ]) {
      const headers: Record<string, string> = type ? { 'content-type': type } : {};
      const body = payloads.distribution.push;
      expect(await post({ name: 'distribution', secret: SECRET, headers, body })).toMatchObject({
        accepted: TAG,
      });
    }
    const marked = `\uFEFF${JSON.stringify(payloads.acr.push)}`;
    expect(await post({ name: 'acr', secret: SECRET, body: marked })).toMatchObject({ accepted: TAG });
  });
});

describe('a sender that does not', () => {
  const last = SECRET.slice(-1);
  it.each([
    ['no secret', undefined],
    ['an empty one', ''],
    ['a part of it', SECRET.slice(0, -1)],
    ['more than it', `${SECRET}0`],
    ['it in the wrong case', SECRET.toUpperCase()],
    ['it encoded twice', `${SECRET.slice(0, -1)}%${last.charCodeAt(0).toString(16)}`],
    ['it with a slash', `${SECRET}%2F`],
    ['it with a space', ` ${SECRET}`],
  ])('learns nothing with %s in the path', async (_, secret) => {
    const given = {
      name: 'docker-hub',
      body: payloads.dockerHub.push,
      ...(secret !== undefined && { secret }),
    };
    expect(await post(given)).toMatchObject({ status: 404, accepted: [] });
  });

  it.each([
    ['Basic', { authorization: `Basic ${Buffer.from(`longshore:${SECRET}`).toString('base64')}` }],
    ['a part', { authorization: `Bearer ${SECRET.slice(1)}` }],
    ['two of them', { authorization: `${SECRET}, ${SECRET}` }],
    ['another header', { 'x-secret': SECRET }],
  ])('learns nothing with %s in the header', async (_, headers) => {
    const given = { name: 'harbor', headers, body: payloads.harbor.push };
    expect(await post(given)).toMatchObject({ status: 404, accepted: [] });
  });

  it('is not believed by a header where the path was agreed on, and not by the path where a signature was', async () => {
    const headers = { authorization: SECRET };
    expect(await post({ name: 'docker-hub', headers, body: payloads.dockerHub.push })).toMatchObject({
      status: 404,
    });
    const body = GITHUB;
    expect(await post({ name: 'github', secret: SECRET, headers: EVENT, body })).toMatchObject({
      status: 404,
    });
  });

  const signature = sign(GITHUB);
  it.each([
    ['none', undefined],
    ['an empty one', ''],
    ['one without its algorithm', signature],
    ['a truncated one', `sha256=${signature.slice(0, 62)}`],
    ['one that is too long', `sha256=${signature}00`],
    ['one of another secret', `sha256=${sign(GITHUB, `${SECRET}x`)}`],
    ['one of SHA-1', `sha1=${sign(GITHUB, SECRET, 'sha1')}`],
    ['one of SHA-512', `sha512=${sign(GITHUB, SECRET, 'sha512')}`],
    ['SHA-1 called SHA-256', `sha256=${sign(GITHUB, SECRET, 'sha1')}`],
    ['no hexadecimal', `sha256=${'z'.repeat(64)}`],
    ['two', `sha256=${signature}, sha256=${signature}`],
  ])('learns nothing with this signature: %s', async (_, given) => {
    const headers = { ...EVENT, ...(given !== undefined && { 'x-hub-signature-256': given }) };
    expect(await post({ name: 'github', headers, body: GITHUB })).toMatchObject({
      status: 404,
      accepted: [],
    });
  });

  it('learns nothing with a body of which one byte was changed', async () => {
    const headers = { ...EVENT, 'x-hub-signature-256': `sha256=${signature}` };
    for (const at of [0, 20, GITHUB.length - 1]) {
      const body = Buffer.from(GITHUB);
      body[at] = (body[at] ?? 0) ^ 1;
      expect(await post({ name: 'github', headers, body })).toMatchObject({ status: 404, accepted: [] });
    }
  });

  it('learns nothing about which webhooks there are, and the log keeps no name that may be a secret', async () => {
    const unknown = await post({ name: SECRET, secret: SECRET, body: payloads.acr.push });
    const wrong = await post({ name: 'acr', secret: 'x', body: payloads.acr.push });
    const { status, headers, body } = unknown;
    expect({ status, headers, body }).toEqual({ status: 404, headers: undefined, body: undefined });
    expect(wrong).toMatchObject({ status: 404 });
    expect(unknown.log).toHaveLength(1);
  });

  it('gets no handshake', async () => {
    const headers = { 'webhook-request-origin': 'eventgrid.azure.net' };
    for (const name of ['event-grid', 'acr']) {
      expect(await post({ name, method: 'OPTIONS', headers })).toMatchObject({ status: 404 });
    }
    expect(await post({ name: 'acr', secret: SECRET, method: 'OPTIONS', headers })).toMatchObject({
      status: 404,
    });
  });

  it('has none of its body read when the path tells', async () => {
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull() {
          pulled += 1;
        },
      },
      { highWaterMark: 0 },
    );
    expect(await post({ name: 'docker-hub', secret: 'x', body })).toMatchObject({ status: 404 });
    expect(pulled).toBe(0);
  });
});

describe('a body', () => {
  it('that is too large is read no further than its bound', async () => {
    let sent = 0;
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 64 * 1024;
        controller.enqueue(new Uint8Array(64 * 1024));
      },
      cancel() {
        cancelled = true;
      },
    });
    expect(await post({ name: 'acr', secret: SECRET, body })).toMatchObject({ status: 413, accepted: [] });
    expect(sent).toBeLessThan(2 * MAX_BODY_BYTES);
    expect(cancelled).toBe(true);
  });

  it('that announces to be too large is not read', async () => {
    const headers = { 'content-length': String(MAX_BODY_BYTES + 1) };
    expect(await post({ name: 'acr', secret: SECRET, headers, body: '{}' })).toMatchObject({ status: 413 });
  });

  it('that never ends is waited for until the call is ended', async () => {
    const ended = new AbortController();
    const stuck = new ReadableStream<Uint8Array>();
    const reading = readBody({ body: stuck, headers: new Headers() }, ended.signal);
    ended.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
  });

  it('may be as large as the bound', async () => {
    const text = JSON.stringify(payloads.acr.push);
    const body = text + ' '.repeat(MAX_BODY_BYTES - text.length);
    expect(await post({ name: 'acr', secret: SECRET, body })).toMatchObject({ status: 202, accepted: TAG });
  });

  it.each([
    ['nothing', undefined],
    ['an unfinished document', '{"action":'],
    ['bytes that are no text', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
    ['a million brackets', '['.repeat(1_000_000)],
  ])('of %s is refused', async (_, body) => {
    expect(await post({ name: 'acr', secret: SECRET, body })).toMatchObject({ status: 400, accepted: [] });
  });

  it.each([
    ['deeply nested', `${'['.repeat(400_000)}${']'.repeat(400_000)}`],
    ['of another sender', payloads.quay.push],
    ['null', 'null'],
    ['with a prototype', '{"__proto__":{"action":"push"},"constructor":1}'],
  ])('that is %s is taken and ignored, so that the sender goes on', async (_, body) => {
    expect(await post({ name: 'acr', secret: SECRET, body })).toMatchObject({ status: 202, accepted: [] });
    expect(Object.hasOwn(Object.prototype, 'action')).toBe(false);
  });

  it('about what nobody watches is taken and ignored', async () => {
    const ports = { watched: async () => new Set<string>() };
    expect(await post({ name: 'acr', secret: SECRET, body: payloads.acr.push }, ports)).toMatchObject({
      status: 202,
      body: { status: 'ignored' },
      accepted: [],
    });
  });

  it('with thousands of events asks for the whole repository at most', async () => {
    const events = Array.from({ length: 8_000 }, (_, at) => ({
      action: 'push',
      target: { repository: 'team/app', tag: `t${at}` },
    }));
    const { status, accepted } = await post({ name: 'distribution', secret: SECRET, body: { events } });
    expect({ status, accepted }).toEqual({ status: 202, accepted: ['r.test/team/app *'] });
  });
});

const OTHER = 'anotherSecret-0123456789-0123';
const AWAY = () => Promise.reject<string>(new Error('the vault is away'));

describe('what we cannot do', () => {
  it.each([
    ['store the notification', { accept: () => Promise.reject(new Error('the tables are away')) }],
    ['find the secret', { secretsOf: () => [AWAY()] }],
    ['use the secret, for it is too short', { secretsOf: () => [Promise.resolve('short')] }],
    [
      'know whether it is the secret that cannot be found',
      { secretsOf: () => [Promise.resolve(OTHER), AWAY()] },
    ],
  ])('%s is answered so that the sender tries again', async (_, ports) => {
    expect(await post({ name: 'acr', secret: SECRET, body: payloads.acr.push }, ports)).toMatchObject({
      status: 503,
      accepted: [],
    });
  });

  it('a signature that none of the secrets we have made is answered so that the sender tries again', async () => {
    const headers = { ...EVENT, 'x-hub-signature-256': `sha256=${sign(GITHUB)}` };
    const ports = { secretsOf: () => [AWAY(), Promise.resolve(OTHER)] };
    expect(await post({ name: 'github', headers, body: GITHUB }, ports)).toMatchObject({ status: 503 });
  });

  it.each([
    ['cannot be found', AWAY],
    ['cannot be used', () => Promise.resolve('short')],
  ])('a second secret that %s keeps nobody from showing the first, and is told of', async (_, second) => {
    const ports = { secretsOf: () => [second(), Promise.resolve(SECRET)] };
    const inPath = { name: 'acr', secret: SECRET, body: payloads.acr.push };
    const signature = { 'x-hub-signature-256': `sha256=${sign(GITHUB)}` };
    const signed = { name: 'github', headers: { ...EVENT, ...signature }, body: GITHUB };
    for (const given of [inPath, signed]) {
      const { log, ...answer } = await post(given, ports);
      expect(answer).toMatchObject({ status: 202, accepted: TAG });
      expect(log).toContainEqual(expect.stringContaining('a secret of the webhook is missing'));
    }
  });
});

describe('a secret', () => {
  it.each([
    '',
    'x'.repeat(MIN_SECRET_CHARS - 1),
    'a secret with spaces in it 123',
    'ü'.repeat(30),
    'x/'.repeat(20),
  ])('such as "%s" cannot be used, and the reason does not quote it', (secret) => {
    const problem = problemOfSecret(secret);
    expect(problem).toMatch(/; make one with: openssl rand -hex 32$/);
    if (secret !== '') expect(problem).not.toContain(secret);
  });

  it('of enough unreserved characters can', () => {
    expect(problemOfSecret('x'.repeat(MIN_SECRET_CHARS))).toBeUndefined();
  });
});
