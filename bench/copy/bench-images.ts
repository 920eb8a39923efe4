import { gzipLayer } from '../gzip-layer.ts';
import { type PushedImage, type PushPlace, pushImage, pushIndex } from '../push-image.ts';

const MB = 1_000_000;
const PLATFORMS = ['amd64', 'arm64', 'arm', '386', 'ppc64le', 's390x', 'riscv64', 'mips64le'];

export type BenchCase = 'large' | 'multi' | 'small';

/** What is copied in each case, pushed the way it is described. */
export const BENCH_IMAGES: Readonly<
  Record<
    BenchCase,
    { readonly description: string; readonly push: (place: PushPlace) => Promise<PushedImage> }
  >
> = {
  large: {
    description: '1.2 GB in 8 layers',
    push: (place) => pushImage(place, 'amd64', layers('large', [500, 300, 200, 100, 60, 30, 8, 2])),
  },
  multi: {
    description: '8 platforms of 4 layers, 306 MB in 33 blobs',
    push: async ({ tag, ...untagged }) => {
      const images = new Map<string, PushedImage>();
      for (const architecture of PLATFORMS) {
        const own = layers(`multi ${architecture}`, [25, 10, 3]);
        const shared = layers('multi', [2]);
        images.set(architecture, await pushImage(untagged, architecture, [...shared, ...own]));
      }
      return pushIndex({ ...untagged, ...(tag !== undefined && { tag }) }, images);
    },
  },
  small: {
    description: '30 MB in 5 layers',
    push: (place) => pushImage(place, 'amd64', layers('small', [15, 8, 4, 2, 1])),
  },
};

function layers(seed: string, megabytes: readonly number[]): Iterable<Uint8Array>[] {
  return megabytes.map((size) => gzipLayer(`${seed} ${size}`, size * MB));
}
