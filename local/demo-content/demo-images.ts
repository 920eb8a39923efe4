import { buildSbom } from './artifact.ts';
import type { DemoContent } from './content.ts';
import { buildHelmChart } from './helm-chart.ts';
import { buildImageIndex, type ImageIndex } from './image-index.ts';

/** Something to push: content under tags of a repository. */
export interface DemoPush {
  readonly repository: string;
  /** Empty for what is found through its subject. */
  readonly tags: readonly string[];
  readonly content: DemoContent;
}

export interface DemoOptions {
  /** About how large each layer is, compressed. Default 512 KiB: large enough to watch it being copied. */
  readonly bytesPerLayer?: number;
}

const DEMO_LAYER_BYTES = 512 * 1024;

/** Tags of the demo's base images. `moveTag` makes the next version of each. */
export const DEMO_BASES = {
  'base/node:22': { seed: 'node-22', os: 'debian-12' },
  'base/node:22-alpine': { seed: 'node-22-alpine', os: 'alpine-3' },
  'base/node:24': { seed: 'node-24', os: 'debian-12' },
  'base/python:3.13': { seed: 'python-3.13', os: 'debian-12' },
} as const;

export type DemoBase = keyof typeof DEMO_BASES;

/** What the public registry of the demo holds: base images that share an operating system, a bill of materials, a chart. */
export async function demoImages(options: DemoOptions = {}): Promise<DemoPush[]> {
  const pushes: DemoPush[] = [];
  for (const base of Object.keys(DEMO_BASES).filter(isDemoBase)) pushes.push(await moveTag(base, 1, options));
  const [first] = pushes;
  if (first) {
    const sbom = buildSbom(first.content.root, first.repository);
    pushes.push({ repository: first.repository, tags: [], content: sbom });
  }
  const chart = await buildHelmChart({ name: 'podinfo', version: '6.9.0', image: 'base/node:22' });
  return [...pushes, { repository: 'charts/podinfo', tags: ['6.9.0'], content: chart }];
}

/** The next version of a base image under the same tag: a new top layer and new digests on the same layers below. */
export async function moveTag(
  base: DemoBase,
  version: number,
  options: DemoOptions = {},
): Promise<DemoPush & { content: ImageIndex }> {
  const { seed, os } = DEMO_BASES[base];
  const { bytesPerLayer = DEMO_LAYER_BYTES } = options;
  const from = await buildImageIndex({ seed: os, layers: 1, bytesPerLayer });
  const content = await buildImageIndex({ seed, version, bytesPerLayer, from });
  const [repository = '', tag = ''] = base.split(':');
  return { repository, tags: [tag], content };
}

/** An application image built on a base image. */
export async function demoApplication(
  name: string,
  from: ImageIndex,
  options: DemoOptions & { readonly version?: number } = {},
): Promise<DemoPush> {
  const { bytesPerLayer = DEMO_LAYER_BYTES, version = 1 } = options;
  const content = await buildImageIndex({ seed: name, version, layers: 1, bytesPerLayer, from });
  return { repository: `apps/${name}`, tags: [`1.${version}`], content };
}

function isDemoBase(text: string): text is DemoBase {
  return text in DEMO_BASES;
}
