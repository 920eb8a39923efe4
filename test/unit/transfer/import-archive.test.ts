import { describe, expect, it } from 'vitest';
import { formatReference } from '../../../shared/content/index.ts';
import type { LogFields, Logger } from '../../../shared/telemetry/index.ts';
import { type CopyArtifact, importArchive, targetReference } from '../../../shared/transfer/index.ts';
import {
  type ImageLayout,
  imageLayout,
  memoryFile,
  setIndex,
  tarOfFiles,
} from '../../helpers/layout-archive.ts';

const REF_NAME = 'org.opencontainers.image.ref.name';

function recordingLogger(): Logger & { readonly lines: [level: string, fields: LogFields | undefined][] } {
  const lines: [string, LogFields | undefined][] = [];
  const at = (level: string) => (_: string, fields?: LogFields) => void lines.push([level, fields]);
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Imports with a copy that only notes what it was asked for and reads the root. */
async function run({ files }: Pick<ImageLayout, 'files'>, name = 'team/app.tar') {
  const copied: string[] = [];
  const logger = recordingLogger();
  const copy: CopyArtifact<number> = async (source, root, target, options) => {
    const { bytes } = await source.fetchManifest(root.digest, options);
    copied.push(`${root.digest} to ${formatReference(target)}`);
    return bytes.byteLength;
  };
  const importing = importArchive({
    file: memoryFile(await tarOfFiles(files)),
    name,
    targetFor: (artifact, archiveName) => targetReference(artifact, archiveName, 'acme.azurecr.io'),
    copy,
    logger,
  });
  return { copied, logger, importing };
}

/** Two images in one archive, listed as given. */
function twoImages(first: string | undefined, second: string | undefined) {
  const images = [
    imageLayout({ layers: ['one'], ...(first && { annotations: { [REF_NAME]: first } }) }),
    imageLayout({ layers: ['two'], ...(second && { annotations: { [REF_NAME]: second } }) }),
  ] as const;
  const files = new Map([...images[0].files, ...images[1].files]);
  const roots = [images[0].root, images[1].root] as const;
  setIndex(files, roots);
  return { files, roots };
}

describe('importing an archive', () => {
  it('copies its image to the place its name says, and tells what came of it', async () => {
    const layout = imageLayout({ annotations: { [REF_NAME]: 'v1' } });
    const { importing, copied, logger } = await run(layout);
    const target = { registry: 'acme.azurecr.io', repository: 'team/app', tag: 'v1' };
    expect(await importing).toEqual([{ digest: layout.root.digest, target, outcome: layout.root.size }]);
    expect(copied).toEqual([`${layout.root.digest} to acme.azurecr.io/team/app:v1`]);
    expect(logger.lines).toEqual([
      ['info', { archive: 'team/app.tar', digest: layout.root.digest, ...target }],
    ]);
  });

  it('imports several images in their order', async () => {
    const { files, roots } = twoImages('ghcr.io/a/one:1', 'b/two:2');
    const { importing, copied } = await run({ files });
    await importing;
    expect(copied).toEqual([
      `${roots[0].digest} to acme.azurecr.io/a/one:1`,
      `${roots[1].digest} to acme.azurecr.io/b/two:2`,
    ]);
  });

  it('copies nothing when one of the names cannot be used', async () => {
    const { importing, copied } = await run(twoImages('a/one:1', 'Not/A:Name'));
    await expect(importing).rejects.toMatchObject({ code: 'E_ARCHIVE_FORMAT' });
    expect(copied).toEqual([]);
  });

  it('leaves out what has no name beside what has one, and says so', async () => {
    const { files, roots } = twoImages('a/one:1', undefined);
    const { importing, logger } = await run({ files });
    expect(await importing).toHaveLength(1);
    expect(logger.lines).toContainEqual(['warn', { archive: 'team/app.tar', digest: roots[1].digest }]);
  });

  it('copies nothing when two artifacts would become the same tag', async () => {
    const { importing, copied } = await run(twoImages('a/one:1', 'ghcr.io/a/one:1'));
    await expect(importing).rejects.toThrow(/two artifacts for acme.azurecr.io\/a\/one:1/);
    expect(copied).toEqual([]);
  });

  it('takes an image that is named by its digest, and refuses one that is named by another', async () => {
    const { root } = imageLayout();
    const named = (digest: string) => imageLayout({ annotations: { [REF_NAME]: `a/one@${digest}` } });
    const { importing, copied } = await run(named(root.digest));
    const target = { registry: 'acme.azurecr.io', repository: 'a/one', digest: root.digest };
    expect(await importing).toMatchObject([{ target }]);
    expect(copied).toEqual([`${root.digest} to acme.azurecr.io/a/one@${root.digest}`]);

    const other = await run(named(`sha256:${'0'.repeat(64)}`));
    await expect(other.importing).rejects.toThrow(`names another digest than ${root.digest}`);
    expect(other.copied).toEqual([]);
  });

  it('fails when nothing has a name', async () => {
    const { importing } = await run(imageLayout());
    await expect(importing).rejects.toThrow(/"team\/app.tar" cannot be told.*no name/);
  });

  it('fails when the index is empty', async () => {
    const layout = imageLayout();
    setIndex(layout.files, []);
    const { importing } = await run(layout);
    await expect(importing).rejects.toThrow(/"team\/app.tar" lists nothing/);
  });

  it('lets through what the copy throws', async () => {
    const layout = imageLayout({ annotations: { [REF_NAME]: 'v1' } });
    layout.files.delete(`blobs/sha256/${layout.root.digest.slice('sha256:'.length)}`);
    const { importing, logger } = await run(layout);
    await expect(importing).rejects.toMatchObject({ code: 'E_ARCHIVE_INCOMPLETE' });
    expect(logger.lines).toEqual([]);
  });
});
