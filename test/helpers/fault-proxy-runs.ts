import { setTimeout as delay } from 'node:timers/promises';
import { digestOf, OCI_INDEX } from '../../shared/content/index.ts';
import { RegistryError } from '../../shared/errors.ts';
import { copyGraph, createUploadSessions, type UploadRecord } from '../../shared/imports/index.ts';
import {
  type CredentialSource,
  createRegistryClient,
  keepUploads,
  LEAN_MEMORY,
  type MemoryOptions,
  PLAIN_MEMORY,
  type RegistryClientOptions,
} from '../../shared/registry/index.ts';
import { type FaultProxyOptions, type Struck, startFaultProxy } from './fault-proxy.ts';
import { chance } from './fault-proxy-chance.ts';
import { VISITOR } from './fault-proxy-door.ts';
import { complaintAbout } from './fault-proxy-verdict.ts';
import { type Graph, INDEX, image, index } from './memory-content.ts';
import { createMemoryRecords } from './memory-records.ts';
import { referrerOf } from './memory-referrers.ts';

/** A stall costs a test this long; a slow machine must not take an answer for one. */
const IDLE_MS = 300;
const BEARABLE_MS = 30;
const DEADLINE_MS = 30_000;
/** A few chunks for each blob. */
const CHUNK_BYTES = 200;
const TAG = 'v1';
const SOURCE = 'faults/source';
const SIBLING = 'faults/sibling';

/** Waits pass at once, yet the clock has moved by as much. */
class QuickTiming {
  readonly #random: () => number;
  #ahead = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  now = (): number => Date.now() + this.#ahead;
  random = (): number => this.#random();
  sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    const until = this.now() + ms;
    await delay(1);
    signal?.throwIfAborted();
    this.#ahead = Math.max(this.#ahead, until - Date.now());
  };
}

export interface FaultyWorld {
  readonly source: { readonly host: string };
  readonly target: { readonly host: string };
  readonly graph: Graph;
  /** What is attached to it. */
  readonly attached: Graph;
}

export type Side = 'source' | 'target';
export type ProxyFaults = Pick<FaultProxyOptions, 'quirks' | 'lock' | 'glitchFor'>;

export interface FaultyCopy {
  /** How bytes are held. Default: drawn by the seed. */
  readonly memory?: MemoryOptions;
  /** Where to copy to. A repository of its own for each run. */
  readonly repository: string;
  /** Draws whatever is left to chance. */
  readonly seed: number | string;
  readonly faults: Readonly<Partial<Record<Side, ProxyFaults>>>;
  /** The target tag names something else before. */
  readonly tagged?: boolean;
  /** Another repository of the target holds the blobs, and is named. */
  readonly mounts?: boolean;
  /** Larger blobs go by PATCH. */
  readonly singlePutBytes?: number;
  /** Blobs go in chunks, in sessions that are written down. */
  readonly resumable?: boolean;
}

export interface FaultyOutcome {
  readonly error: unknown;
  readonly struck: readonly Struck[];
  /** What is wrong with how it ended; `undefined` when it ended in the image, or in a clean error. */
  readonly complaint: string | undefined;
}

/**
 * A small image, or an index of one for each of several platforms, signed, in the source, and the same in a sibling
 * repository of the target.
 */
export async function prepareWorld(
  source: FaultyWorld['source'],
  target: FaultyWorld['target'],
  platforms: readonly string[],
): Promise<FaultyWorld> {
  const text = (name: string) => `${name} `.repeat(40);
  const images = platforms.map((platform) => ({
    platform,
    graph: image(JSON.stringify({ platform, padding: text(platform) }), {
      layers: [text('the base of all')],
    }),
  }));
  const [first, ...others] = images;
  const graph = first && others.length === 0 ? first.graph : index(...images);
  // What it says is in its annotations: it has no content of its own.
  const attached = referrerOf(graph.root, '{}');
  const client = createRegistryClient();
  try {
    for (const [{ host }, repository] of [
      [source, SOURCE],
      [target, SIBLING],
    ] as const) {
      const to = client.repository({ registry: host, repository });
      for (const bytes of [...graph.blobs, ...attached.blobs]) {
        await to.pushBlob({ digest: digestOf(bytes), size: bytes.length }, async () => once(bytes));
      }
      for (const manifest of graph.manifests) await to.pushManifest(manifest.digest, manifest);
      await to.pushManifest(TAG, graph.root);
      await to.pushManifest(attached.root.digest, attached.root);
      // Both ways, for it may seem to have no API.
      await to.addReferrers(graph.root.digest, [attached.root]);
    }
  } finally {
    await client.close();
  }
  return { source, target, graph, attached };
}

/** One copy through a faulty proxy on either side, and what is there afterwards, read past the proxies. */
export async function runFaultyCopy(world: FaultyWorld, copy: FaultyCopy): Promise<FaultyOutcome> {
  let drawn = 0;
  const timing = new QuickTiming(() => chance(copy.seed, 'drawn', drawn++));
  const proxy = async (side: Side) =>
    copy.faults[side] &&
    (await startFaultProxy({
      registry: world[side].host,
      seed: `${copy.seed} ${side}`,
      now: timing.now,
      bearableMs: BEARABLE_MS,
      ...copy.faults[side],
    }));
  const before = copy.tagged ? await tagSomethingElse(world, copy.repository) : undefined;
  await using source = await proxy('source');
  await using target = await proxy('target');
  const limits = {
    idleTimeoutMs: IDLE_MS,
    commitTimeoutMs: IDLE_MS,
    answerTimeoutMs: IDLE_MS,
    ...(copy.singlePutBytes !== undefined && { singlePutBytes: copy.singlePutBytes }),
    ...(copy.resumable && { resumableBytes: CHUNK_BYTES, chunkBytes: CHUNK_BYTES }),
  };
  const credentials: CredentialSource = {
    credentialsFor: async () => ({ kind: 'password', ...VISITOR }),
  };
  // Either way of holding bytes, drawn by the seed of the copy.
  const memory = copy.memory ?? (chance(copy.seed, 'memory', 0) < 0.5 ? PLAIN_MEMORY : LEAN_MEMORY);
  const error = await deadlined((signal) =>
    copyThrough(
      { limits, timing, credentials, memory },
      (source ?? world.source).host,
      (target ?? world.target).host,
      copy,
      signal,
    ),
  );
  const complaint = await complaintAbout(world, {
    repository: copy.repository,
    tag: TAG,
    error,
    before,
  });
  return { error, struck: [...(source?.struck ?? []), ...(target?.struck ?? [])], complaint };
}

/** Resolves to the failure; `undefined` when there was none. */
async function deadlined(run: (signal: AbortSignal) => Promise<void>): Promise<unknown> {
  const hang = Promise.withResolvers<unknown>();
  const timer = setTimeout(() => hang.resolve(new Error('It hung.')), DEADLINE_MS);
  try {
    const ended = run(AbortSignal.timeout(DEADLINE_MS * 2)).then(
      () => undefined,
      (error: unknown) => error,
    );
    return await Promise.race([ended, hang.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function copyThrough(
  options: RegistryClientOptions,
  sourceHost: string,
  targetHost: string,
  { repository, mounts, resumable }: FaultyCopy,
  signal: AbortSignal,
): Promise<void> {
  const client = createRegistryClient(options);
  const sessions = createUploadSessions(
    createMemoryRecords<UploadRecord>(),
    () => new Date(options.timing?.now() ?? Date.now()),
  );
  const writing = resumable ? keepUploads(client, sessions) : client.repository;
  try {
    const from = client.repository({ registry: sourceHost, repository: SOURCE });
    const to = writing({ registry: targetHost, repository });
    const root = await from.resolve(TAG, { signal });
    if (!root) throw new RegistryError('E_NOT_FOUND', 'The source has no such tag.');
    await copyGraph(from, to, root.digest, {
      signal,
      mountFrom: mounts ? SIBLING : undefined,
      publish: async (content, copySignal) => {
        await to.pushManifest(TAG, content, { signal: copySignal });
      },
    });
  } finally {
    await client.close();
  }
}

async function tagSomethingElse({ target }: FaultyWorld, repository: string): Promise<string> {
  const body = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [] });
  const headers = { 'content-type': OCI_INDEX };
  const answer = await fetch(`http://${target.host}/v2/${repository}/manifests/${TAG}`, {
    method: 'PUT',
    body,
    headers,
  });
  if (!answer.ok) throw new Error(`The tag could not be prepared: ${answer.status} ${await answer.text()}`);
  return digestOf(body);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
