import { setTimeout as sleep } from 'node:timers/promises';
import { createAzureClients } from '../shared/azure/index.ts';
import { createRegistryClient, type RegistryClient } from '../shared/registry/index.ts';
import {
  buildArchive,
  type DemoPush,
  demoApplication,
  demoImages,
  moveTag,
  pushContent,
} from './demo-content/index.ts';
import type { FunctionsProcess } from './functions-process.ts';
import type { AnsweredRequest } from './registry/index.ts';
import type { Stack } from './stack.ts';

/** Tells people what happened; a step that does not come true in time throws. */
export interface Narrator {
  did(what: string): void;
}

const WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 100;

/** Where the watches of the demo put an upstream repository. */
const TARGETS: Readonly<Record<string, string>> = {
  'base/node': 'mirror/node',
  'base/python': 'mirror/python',
  'charts/podinfo': 'charts/podinfo',
};

/**
 * The main job on real parts: images appear upstream, a tag moves, an archive lands. Each step ends only when
 * it was seen in the target registry, asked as any client would.
 */
export async function playScenario(
  stack: Stack,
  functions: FunctionsProcess,
  requests: readonly AnsweredRequest[],
  narrator: Narrator,
  signal: AbortSignal,
): Promise<void> {
  const registry = createRegistryClient({
    credentials: { credentialsFor: async () => ({ kind: 'password', ...stack.login }) },
  });
  try {
    const images = await pushUpstream(stack, narrator, signal);
    await Promise.all(images.map((image) => seeInTarget(stack, registry, image, signal)));
    narrator.did(
      `the timer found them, the queue carried them, the worker copied them: ${tagCount(images)} tags in ${stack.target.host}, digests equal`,
    );

    await seeQuietPolls(requests, narrator, signal);

    const moved = await moveTag('base/node:22', 2);
    await pushContent(stack.upstream.url, moved.repository, moved.tags, moved.content);
    await seeInTarget(stack, registry, moved, signal);
    narrator.did(
      `upstream moved base/node:22, and mirror/node:22 followed: ${short(moved.content.root.digest)}`,
    );

    const application = await demoApplication('shop', moved.content);
    await dropArchive(stack, application);
    await seeInTarget(stack, registry, application, signal, 'airgap/shop');
    narrator.did('an archive landed in the container "transfer", and airgap/shop:1.1 was imported from it');

    await seeReady(functions);
    narrator.did(`${functions.url}/api/health/ready answers 200`);
  } finally {
    await registry.close();
  }
}

async function pushUpstream(
  { upstream }: Stack,
  narrator: Narrator,
  signal: AbortSignal,
): Promise<readonly DemoPush[]> {
  const pushes = await demoImages();
  for (const { repository, tags, content } of pushes) {
    signal.throwIfAborted();
    await pushContent(upstream.url, repository, tags, content);
  }
  const tagged = pushes.filter(({ tags }) => tags.length > 0);
  narrator.did(
    `pushed ${tagCount(tagged)} tags to the upstream at ${upstream.host}: multi-platform images and a Helm chart`,
  );
  return tagged;
}

function tagCount(pushes: readonly DemoPush[]): number {
  return pushes.reduce((sum, { tags }) => sum + tags.length, 0);
}

/** Waits until every tag of the push names the same digest in the target, and reads the root back. */
async function seeInTarget(
  { target }: Stack,
  registry: RegistryClient,
  { repository, tags, content }: DemoPush,
  signal: AbortSignal,
  name = TARGETS[repository] ?? repository,
): Promise<void> {
  const copy = registry.repository({ registry: target.host, repository: name });
  for (const tag of tags) {
    const isThere = async () => (await copy.resolve(tag, { signal }))?.digest === content.root.digest;
    await eventually(`${target.host}/${name}:${tag} is ${content.root.digest}`, isThere, signal);
    for (const { digest } of content.manifests) await copy.fetchManifest(digest);
  }
}

/** Lets the timer come round twice with nothing changed, and counts what that cost the upstream. */
async function seeQuietPolls(
  requests: readonly AnsweredRequest[],
  narrator: Narrator,
  signal: AbortSignal,
): Promise<void> {
  const start = requests.length;
  const since = () => requests.slice(start).filter(({ kind }) => kind === 'manifest' || kind === 'tags');
  const isOver = async () => since().filter(({ kind }) => kind === 'tags').length >= 4;
  await eventually('two polls without a change', isOver, signal);
  const pulls = since().filter(({ kind, method }) => kind === 'manifest' && method === 'GET').length;
  const heads = since().filter(({ method }) => method === 'HEAD').length;
  if (pulls > 0) throw new Error(`Polling without a change pulled ${pulls} manifests; expected none.`);
  narrator.did(`polls with nothing new cost the upstream ${heads} HEADs and no pull`);
}

async function dropArchive({ settings }: Stack, { content, tags }: DemoPush): Promise<void> {
  const connection = { kind: 'connectionString', value: settings.AzureWebJobsStorage ?? '' } as const;
  const blobs = await createAzureClients().blobService(connection);
  const archive = await buildArchive(content, `airgap/shop:${tags[0]}`);
  await blobs.getContainerClient('transfer').getBlockBlobClient('shop.tar').uploadData(archive);
}

async function seeReady({ url }: FunctionsProcess): Promise<void> {
  const response = await fetch(`${url}/api/health/ready`);
  const body = await response.text();
  if (response.status !== 200) throw new Error(`Not ready: ${body}`);
}

async function eventually(what: string, look: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  const end = Date.now() + WITHIN_MS;
  while (Date.now() < end) {
    signal.throwIfAborted();
    if (await look()) return;
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error(`This did not come true within ${WITHIN_MS / 1000} s: ${what}`);
}

function short(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}
