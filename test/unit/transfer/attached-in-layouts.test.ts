import { describe, expect, it } from 'vitest';
import { digestOf, layoutBlobPath } from '../../../shared/content/index.ts';
import { copyGraph } from '../../../shared/imports/index.ts';
import { openArchive } from '../../../shared/transfer/index.ts';
import { memoryFile, setIndex, tarOfFiles } from '../../helpers/layout-archive.ts';
import { descriptorOf, type Graph, image, index } from '../../helpers/memory-content.ts';
import { ReferringRepository, referrerOf, tagOf } from '../../helpers/memory-referrers.ts';

const REF_NAME = 'org.opencontainers.image.ref.name';

/** A layout as oras and regctl write it: everything below a root is there, and its index lists what is given. */
async function open(graphs: readonly Graph[], listed: readonly (readonly [Graph, name?: string])[]) {
  const files = new Map([['oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')]]);
  for (const { manifests, blobs } of graphs) {
    for (const { digest, bytes } of manifests) files.set(layoutBlobPath(digest), Buffer.from(bytes));
    for (const blob of blobs) files.set(layoutBlobPath(digestOf(blob)), Buffer.from(blob));
  }
  setIndex(
    files,
    listed.map(([{ root }, name]) => ({
      ...descriptorOf(root.bytes, root.mediaType),
      ...(name !== undefined && { annotations: { [REF_NAME]: name } }),
    })),
  );
  return openArchive(memoryFile(await tarOfFiles(files)));
}

describe('what is attached to an image in a layout of another tool', () => {
  const app = image('app');
  const sbom = referrerOf(app.root, 'sbom');

  it('comes along when it is listed without a name, and is no artifact of its own', async () => {
    const signature = referrerOf(sbom.root, 'signature of the sbom');
    await using archive = await open([app, sbom, signature], [[app, 'v1'], [sbom], [signature]]);
    expect(archive.artifacts.map(({ descriptor }) => descriptor.digest)).toEqual([app.root.digest]);
    const target = new ReferringRepository();
    const { referrers } = await copyGraph(archive.source, target, app.root.digest);
    expect(referrers).toEqual({ copied: 2, existing: 0, skipped: 0 });
  });

  it('comes along under the tags of cosign', async () => {
    const signature = image('signature');
    const tag = `${tagOf(app.root.digest)}.sig`;
    for (const name of [tag, `ghcr.io/team/app:${tag}`]) {
      await using archive = await open(
        [app, signature],
        [
          [app, 'v1'],
          [signature, name],
        ],
      );
      const target = new ReferringRepository();
      await copyGraph(archive.source, target, app.root.digest);
      expect(target.tags.get(tag)).toBe(signature.root.digest);
      expect(archive.artifacts).toHaveLength(1);
    }
  });

  it('comes along from the index under the tag of registries without a referrers API', async () => {
    const list = index({ graph: sbom });
    await using archive = await open(
      [app, sbom, list],
      [
        [app, 'v1'],
        [list, tagOf(app.root.digest)],
      ],
    );
    const target = new ReferringRepository();
    const { referrers } = await copyGraph(archive.source, target, app.root.digest);
    expect(referrers).toMatchObject({ copied: 1 });
    expect(archive.artifacts).toHaveLength(1);
  });

  it('is an artifact when its subject is not there, or when it only has such a name', async () => {
    const orphan = referrerOf(image('elsewhere').root, 'sbom');
    const odd = image('odd');
    await using archive = await open(
      [app, orphan, odd],
      [[app, 'v1'], [orphan], [odd, tagOf(app.root.digest)], [odd, `${tagOf(digestOf('x'))}.sig`]],
    );
    expect(archive.artifacts).toHaveLength(4);
  });

  it('does not matter where nothing has a name', async () => {
    await using archive = await open([app, sbom], [[app], [sbom]]);
    expect(archive.artifacts).toHaveLength(2);
  });

  it('may be listed and not there', async () => {
    await using archive = await open([app], [[app, 'v1'], [sbom]]);
    expect(archive.artifacts).toHaveLength(2);
  });
});
