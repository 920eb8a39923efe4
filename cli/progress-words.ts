import prettyBytes from 'pretty-bytes';
import type { CopyProgress } from '../shared/imports/index.ts';

/** How far a copy is, for people. None of these may be called what a bar calls its own values, such as total. */
export function progressWords({ bytesDone, bytesTotal, blobsDone, blobsTotal }: CopyProgress) {
  return {
    moved: prettyBytes(bytesDone),
    size: prettyBytes(bytesTotal),
    blobs: `${blobsDone}/${blobsTotal}`,
  };
}
