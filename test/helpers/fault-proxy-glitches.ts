import { setTimeout as delay } from 'node:timers/promises';
import type { Exchange, Step } from './fault-proxy-steps.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The wire on which a glitch happens. */
export interface Wire {
  readonly exchange: Exchange;
  readonly random: () => number;
  /** The clock of the client, for answers that name a time. */
  readonly now: () => number;
  /** How long a silence is that the client has to bear. */
  readonly bearableMs: number;
  /** Has the registry answer the request, with another body if one is given. */
  forward(body?: Buffer): Promise<Answer>;
  /** Gives the registry the beginning of the body only, and then cuts that connection. */
  forwardPart(bytes: number): Promise<void>;
  readonly requestBody: Buffer;
  /** Sends the head; `headers` replace those of the answer, `undefined` leaves one out. */
  head(answer: Answer, headers?: Readonly<Record<string, string | undefined>>): void;
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the answer as HTTP has it. */
  end(): void;
  /** Ends the token that the request shows. The answer is what the registry makes of it. */
  endToken(): Answer;
  /** Sends an answer as it is. */
  send(answer: Answer): void;
  /** Bytes past HTTP, on the same connection. */
  raw(bytes: string | Uint8Array): Promise<void>;
  reset(): void;
  /** Ends the connection in order, whatever was promised. */
  close(): void;
}

export interface Glitch {
  readonly happens: (wire: Wire) => Promise<void>;
  /** Where it can happen; by default everywhere. */
  readonly to?: (exchange: Exchange) => boolean;
}

/** What is checked against a digest. */
const READS: ReadonlySet<Step> = new Set(['get manifest', 'get blob']);
/** What is not: who reads it can tell only that it breaks off. */
const LISTS: ReadonlySet<Step> = new Set(['get token', 'list referrers']);
const isRead = ({ step }: Exchange) => READS.has(step);
const isReadOrList = ({ step }: Exchange) => READS.has(step) || LISTS.has(step);
const hasBody = ({ length }: Exchange) => length > 1;
/** Long enough for the other side to have read what was sent before. */
const SETTLE_MS = 3;

const refusal = (status: number, headers: Readonly<Record<string, string>>, text: string): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: Buffer.from(text),
});
const refuse =
  (status: number, headers: (now: number) => Readonly<Record<string, string>> = () => ({}), text = '') =>
  async ({ send, now }: Wire) =>
    send(refusal(status, headers(now()), text));
const tooMany = (message: string) => JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message }] });
const half = (bytes: Buffer) => bytes.subarray(0, Math.ceil(bytes.length / 2));

function flipped(bytes: Buffer, random: () => number): Buffer {
  const copy = Buffer.from(bytes);
  const at = Math.floor(random() * copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  return copy;
}

/** What can go wrong once: the exchange it happens to is over, and the next may be well. */
export const GLITCHES = {
  'reset before the request is read': { happens: async (wire) => wire.reset() },
  'reset in the middle of the request': {
    to: hasBody,
    happens: async (wire) => {
      await wire.forwardPart(Math.ceil(wire.exchange.length / 2));
      wire.reset();
    },
  },
  'answer lost': {
    happens: async (wire) => {
      await wire.forward();
      wire.reset();
    },
  },
  'reset within the headers': {
    happens: async (wire) => {
      const { status } = await wire.forward();
      await wire.raw(`HTTP/1.1 ${status} X\r\nContent-Le`);
      await delay(SETTLE_MS);
      wire.reset();
    },
  },
  'reset after the headers': {
    to: isReadOrList,
    happens: async (wire) => {
      wire.head(await wire.forward());
      await wire.write(Buffer.alloc(0));
      await delay(SETTLE_MS);
      wire.reset();
    },
  },
  'reset in mid-body': {
    to: isReadOrList,
    happens: async (wire) => {
      const answer = await wire.forward();
      wire.head(answer);
      await wire.write(half(answer.body));
      await delay(SETTLE_MS);
      wire.reset();
    },
  },
  'silence before the answer': { happens: async () => {} },
  'silence after the request was done': { happens: async (wire) => void (await wire.forward()) },
  'silence in mid-body': {
    to: isReadOrList,
    happens: async (wire) => {
      const answer = await wire.forward();
      wire.head(answer);
      await wire.write(half(answer.body));
    },
  },
  'a pause in mid-body': {
    to: isReadOrList,
    happens: async (wire) => {
      const answer = await wire.forward();
      wire.head(answer);
      await wire.write(half(answer.body));
      await delay(wire.bearableMs);
      await wire.write(answer.body.subarray(half(answer.body).length));
      wire.end();
    },
  },
  'body truncated by the end of the connection': {
    to: isReadOrList,
    happens: async (wire) => {
      const answer = await wire.forward();
      wire.head(answer);
      await wire.write(half(answer.body));
      wire.close();
    },
  },
  'body truncated and called complete': {
    to: isRead,
    happens: async (wire) => {
      const answer = await wire.forward();
      wire.head(answer, { 'content-length': undefined });
      await wire.write(half(answer.body));
      wire.end();
    },
  },
  'a bit flipped in the answer': {
    to: isRead,
    happens: async (wire) => {
      const answer = await wire.forward();
      // What nobody says a digest of may hold anything.
      const isChecked = answer.headers['docker-content-digest'] ?? wire.exchange.path.includes('sha256:');
      wire.send(isChecked ? { ...answer, body: flipped(answer.body, wire.random) } : answer);
    },
  },
  'a bit flipped in the request': {
    to: hasBody,
    happens: async (wire) => wire.send(await wire.forward(flipped(wire.requestBody, wire.random))),
  },
  'Content-Length too large': {
    to: isReadOrList,
    happens: async (wire) => {
      const answer = await wire.forward();
      wire.head(answer, { 'content-length': String(answer.body.length + 7) });
      await wire.write(answer.body);
    },
  },
  'Content-Length too small': {
    to: isRead,
    happens: async (wire) => {
      const answer = await wire.forward();
      wire.head(answer, { 'content-length': String(Math.floor(answer.body.length / 2)) });
      await wire.write(answer.body);
      wire.end();
    },
  },
  '429 with seconds': {
    happens: refuse(429, () => ({ 'retry-after': '2' }), tooMany('slow down')),
  },
  '429 with a date': {
    happens: refuse(
      429,
      (now) => ({ 'retry-after': new Date(now + 3_000).toUTCString() }),
      tooMany('slow down'),
    ),
  },
  '429 with a Unix time': {
    happens: refuse(429, (now) => ({ 'x-retry-after': String(Math.ceil(now / 1000) + 2) }), '{}'),
  },
  '429 with the wait in its text': {
    happens: refuse(429, undefined, tooMany('retry-after: 1.5s, allowed: 44000/minute')),
  },
  '408': { happens: refuse(408) },
  '500': { happens: refuse(500, undefined, '<html>oops</html>') },
  '502': { happens: refuse(502) },
  '503': { happens: refuse(503) },
  '503 with seconds': { happens: refuse(503, () => ({ 'retry-after': '1' })) },
  '504 after the request was done': {
    happens: async (wire) => {
      await wire.forward();
      wire.send(refusal(504, {}, ''));
    },
  },
  'request done twice': {
    happens: async (wire) => {
      await wire.forward();
      wire.send(await wire.forward());
    },
  },
  'the end of a token': {
    to: ({ showsUsedToken }) => showsUsedToken,
    happens: async (wire) => wire.send(wire.endToken()),
  },
  'answer sent twice': {
    happens: async (wire) => {
      const answer = await wire.forward();
      wire.send(answer);
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
      await wire.raw(`HTTP/1.1 ${answer.status} X\r\n${lines.join('')}\r\n`);
      await wire.raw(answer.body);
    },
  },
} as const satisfies Readonly<Record<string, Glitch>>;

export type GlitchName = keyof typeof GLITCHES;
export const GLITCH_NAMES = Object.keys(GLITCHES) as readonly GlitchName[];

export function glitchApplies(name: GlitchName, exchange: Exchange): boolean {
  const glitch: Glitch = GLITCHES[name];
  return glitch.to?.(exchange) ?? true;
}
