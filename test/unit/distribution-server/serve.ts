import {
  createDistributionServer,
  type DistributionResponse,
  type DistributionServerOptions,
  type Route,
} from '../../../shared/distribution-server/index.ts';
import { collect } from '../../helpers/collect.ts';
import { chunksOf, MemoryStorage } from './memory-storage.ts';

export interface Reply {
  readonly status: number;
  /** Names as the server wrote them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly route: Route | undefined;
  /** `code` values of the error body; none when there is no error. */
  readonly codes: readonly string[];
}

export interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
}

export interface ServerUnderTest {
  readonly storage: MemoryStorage;
  /** Errors that were answered without their text. */
  readonly unexpected: readonly unknown[];
  /** Sends a request such as `GET`, `/v2/a/tags/list?n=2`, and reads the whole response. */
  send(method: string, url: string, sent?: Sent): Promise<Reply>;
}

/** A server over storage in memory; by default with all ports. */
export function serve(
  configure: (storage: MemoryStorage) => DistributionServerOptions = (storage) => storage,
  storage = new MemoryStorage(),
): ServerUnderTest {
  const unexpected: unknown[] = [];
  const respond = createDistributionServer({
    onUnexpectedError: (error) => unexpected.push(error),
    ...configure(storage),
  });
  return {
    storage,
    unexpected,
    send: async (method, url, { headers = {}, body, signal = new AbortController().signal } = {}) => {
      const [path = '', query = ''] = url.split('?');
      const sent = typeof body === 'string' ? chunksOf(Buffer.from(body)) : body;
      const answer = await respond({
        method,
        path,
        query: new URLSearchParams(query),
        headers,
        body: sent,
        signal,
      });
      const text = await textOf(answer.body);
      return {
        status: answer.status,
        headers: answer.headers,
        route: answer.route,
        text,
        codes: codesIn(text),
      };
    },
  };
}

async function textOf(body: DistributionResponse['body']): Promise<string> {
  if (body === undefined) return '';
  return Buffer.concat(body instanceof Uint8Array ? [body] : await collect(body)).toString();
}

function codesIn(text: string): readonly string[] {
  if (!text.startsWith('{"errors":')) return [];
  return JSON.parse(text).errors.map(({ code }: { code: string }) => code);
}
