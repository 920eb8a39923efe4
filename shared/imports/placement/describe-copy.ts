import type { CopyResult } from '../copy/index.ts';

/** One line for people about what a copy did. */
export function describeCopy(result: CopyResult): string {
  const { root, trimmed, manifests, blobs, referrers, bytesUploaded } = result;
  const moved = [
    counted(manifests.copied, 'manifest', 'copied'),
    counted(blobs.uploaded, 'blob', `uploaded (${size(bytesUploaded)})`),
    counted(blobs.mounted, 'blob', 'mounted'),
    counted(referrers.copied, 'referrer', 'copied'),
  ].filter((part) => part !== undefined);
  const left = [
    blobs.existing > 0 ? `${blobs.existing} there already` : undefined,
    counted(blobs.foreign, 'foreign layer', 'left to its own URLs'),
    counted(referrers.skipped, 'referrer', 'left out'),
    trimmed
      ? `the target refuses a partial index, so the platform subset has its own digest ${root.digest}`
      : undefined,
  ].filter((part) => part !== undefined);
  return [...(moved.length > 0 ? moved : ['only the tag was missing']), ...left].join(', ');
}

function size(bytes: number): string {
  if (bytes < 10_000) return `${bytes} bytes`;
  // Not a formatter made beforehand: the first one takes 10 ms of every start.
  return `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 2 })} MB`;
}

function counted(count: number, what: string, became: string): string | undefined {
  return count === 0 ? undefined : `${count} ${what}${count === 1 ? '' : 's'} ${became}`;
}
