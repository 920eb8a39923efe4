import type { IncomingMessage } from 'node:http';
import { describeError } from '../../shared/errors.ts';
import { type Answer, refusalAnswer } from './answer.ts';
import { requiredAccess } from './auth/access.ts';
import type { Authorizer } from './auth/authorizer.ts';
import type { Call } from './call.ts';
import { Refusal } from './errors.ts';
import { answerBlob } from './resources/blobs.ts';
import { answerCatalog } from './resources/catalog.ts';
import { answerManifest } from './resources/manifests.ts';
import { answerReferrers } from './resources/referrers.ts';
import { answerTags } from './resources/tags.ts';
import { answerUpload, answerUploads } from './resources/uploads.ts';
import { parseRoute, type Route } from './router.ts';
import type { Storage } from './storage/storage.ts';

export interface Registry {
  readonly storage: Storage;
  readonly authorizer: Authorizer;
  readonly acceptSparseIndexes: boolean;
}

/** An answer and, where the path made sense, what it is an answer about. */
export interface Handled {
  readonly answer: Answer;
  readonly route?: Route | undefined;
}

/** Turns a request into an answer; every failure becomes an error body. */
export async function answerRequest(request: IncomingMessage, registry: Registry): Promise<Handled> {
  const [path = '', query = ''] = splitOnce(request.url ?? '', '?');
  let route: Route | undefined;
  try {
    route = parseRoute(path);
    return { route, answer: await answerRoute(request, route, new URLSearchParams(query), registry) };
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal('UNKNOWN', describeError(error));
    return { route, answer: refusalAnswer(refusal) };
  }
}

async function answerRoute(
  request: IncomingMessage,
  route: Route,
  query: URLSearchParams,
  { storage, authorizer, acceptSparseIndexes }: Registry,
): Promise<Answer> {
  const { method = 'GET', headers } = request;
  const { authorization } = headers;
  if (route.kind === 'token') {
    if (authorizer.issueToken && method === 'GET') return authorizer.issueToken(authorization, query);
    throw new Refusal('UNSUPPORTED', 'Tokens are not given out here.', { status: 404 });
  }
  authorizer.demand(authorization, requiredAccess(route, method));
  const permits: Call['permits'] = (access) => authorizer.permits(authorization, access);
  // Leaving the iteration early must not end the connection, which the answer still needs.
  const body = request.iterator({ destroyOnReturn: false });
  const call: Call = { method, headers, query, body, storage, acceptSparseIndexes, permits };
  switch (route.kind) {
    case 'ping':
      return { status: 200 };
    case 'catalog':
      return answerCatalog(call);
    case 'tags':
      return answerTags(call, route.repository);
    case 'manifest':
      return answerManifest(call, route.repository, route.reference);
    case 'blob':
      return answerBlob(call, route.repository, route.digest);
    case 'uploads':
      return answerUploads(call, route.repository);
    case 'upload':
      return answerUpload(call, route.repository, route.id);
    case 'referrers':
      return answerReferrers(call, route.repository, route.digest);
  }
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
