import { formatPlatform, OCI_INDEX, type Platform } from '../../shared/content/index.ts';
import { type Attestation, attest } from './attestation.ts';
import { type DemoBlob, type DemoContent, descriptorOf, jsonManifest } from './content.ts';
import { assembleImage, type DemoImage } from './image.ts';
import { buildLayer, type DemoLayer } from './layer.ts';
import { seededBytes } from './seeded-bytes.ts';

export interface ImageIndexOptions {
  /** Name of the software inside, for example `node-22`. Equal options make equal bytes. */
  readonly seed: string;
  /** The next version of an image has a new top layer; the layers below stay. Default 1. */
  readonly version?: number;
  /** Layers on top of those of `from`. Default 2. */
  readonly layers?: number;
  /** About how large each layer is, compressed. Default 2048. */
  readonly bytesPerLayer?: number;
  /** The image this one is built on, platform by platform. */
  readonly from?: ImageIndex;
  /** Default: linux/amd64 and linux/arm64/v8. Each must be in `from`. */
  readonly platforms?: readonly Platform[];
  /** Whether each image has its provenance beside it. Default true. */
  readonly attestations?: boolean;
}

/** An image for several platforms, which others can be built on. */
export interface ImageIndex extends DemoContent {
  readonly images: readonly DemoImage[];
}

const PLATFORMS: readonly Platform[] = [
  { architecture: 'amd64', os: 'linux' },
  { architecture: 'arm64', os: 'linux', variant: 'v8' },
];
const FIRST_BUILD = Date.UTC(2026, 0, 1);
const DAY_MS = 24 * 60 * 60 * 1000;

/** Builds an image as `docker buildx build --platform … --push` would push it. */
export async function buildImageIndex(options: ImageIndexOptions): Promise<ImageIndex> {
  const { seed, from, platforms = PLATFORMS, attestations = true } = options;
  const images: DemoImage[] = [];
  for (const platform of platforms) images.push(await buildImage(options, platform, baseOf(from, platform)));
  const attested = attestations ? images.map((image) => attest(image, `demo builder of ${seed}`)) : [];
  const root = jsonManifest(OCI_INDEX, {
    manifests: [
      ...images.map(({ manifest, platform }) => ({ ...descriptorOf(manifest), platform })),
      ...attested.map(({ descriptor }) => descriptor),
    ],
  });
  const manifests = [...images, ...attested].map(({ manifest }) => manifest);
  return { images, blobs: blobsOf(images, attested), manifests: [...manifests, root], root };
}

async function buildImage(
  { seed, version = 1, layers: count = 2, bytesPerLayer = 2048 }: ImageIndexOptions,
  platform: Platform,
  base: DemoImage | undefined,
): Promise<DemoImage> {
  const layers: DemoLayer[] = [];
  for (let number = 1; number <= count; number++) {
    const isTop = number === count;
    const release = isTop ? `${seed} version ${version}` : seed;
    const noise = seededBytes(`${release} ${formatPlatform(platform)} layer ${number}`, bytesPerLayer);
    const part = `${seed}-part-${number}`;
    layers.push(
      await buildLayer(`RUN /bin/sh -c install ${part} # buildkit`, [
        { path: `usr/local/share/doc/${part}/README`, content: `Part ${number} of ${release}.\n` },
        { path: `usr/local/bin/${part}`, content: noise, executable: true },
      ]),
    );
  }
  const name = seed.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_');
  return assembleImage({
    platform,
    base,
    layers,
    created: new Date(FIRST_BUILD + version * DAY_MS).toISOString(),
    environment: [`${name}_VERSION=${version}`],
    command: [`${seed}-part-${count}`],
    annotations: { 'org.opencontainers.image.version': String(version) },
  });
}

function baseOf(from: ImageIndex | undefined, platform: Platform): DemoImage | undefined {
  if (!from) return undefined;
  const wanted = formatPlatform(platform);
  const base = from.images.find((image) => formatPlatform(image.platform) === wanted);
  if (!base) throw new RangeError(`The base image has no ${wanted}.`);
  return base;
}

/** Every blob once, though images may share layers. */
function blobsOf(images: readonly DemoImage[], attested: readonly Attestation[]): DemoBlob[] {
  const blobs = [
    ...images.flatMap(({ layers, config }) => [...layers.map(({ blob }) => blob), config]),
    ...attested.flatMap((attestation) => attestation.blobs),
  ];
  return [...new Map(blobs.map((blob) => [blob.descriptor.digest, blob])).values()];
}
