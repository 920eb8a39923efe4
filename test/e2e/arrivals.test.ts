import { gzipSync } from 'node:zlib';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { buildArchive, buildImageIndex, moveTag, pushContent } from '../../local/demo-content/index.ts';
import { RunningLongshore } from '../helpers/running-longshore.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let longshore: RunningLongshore;
const log: string[] = [];
beforeAll(async () => {
  longshore = await RunningLongshore.start({ onLog: (_level, _category, message) => void log.push(message) });
});
afterAll(() => longshore?.close());

async function drop(name: string, content: Buffer): Promise<void> {
  const { AzureWebJobsStorage = '', TRANSFER_CONTAINER = '' } = longshore.stack.settings;
  const storage = BlobServiceClient.fromConnectionString(AzureWebJobsStorage);
  await storage.getContainerClient(TRANSFER_CONTAINER).getBlockBlobClient(name).uploadData(content);
}

test('a tag that moves upstream from A to B and back to A is followed, and ends at A', async () => {
  const [a, b] = [await moveTag('base/node:22', 1), await moveTag('base/node:22', 2)];
  const target = `${longshore.stack.target.host}/mirror/node:22`;
  for (const [seen, { repository, tags, content }] of [a, b, a].entries()) {
    await pushContent(longshore.stack.upstream.url, repository, tags, content);
    await longshore.seeCopy('mirror/node', '22', content);
    await longshore.seeQueueDone();
    expect(await longshore.recordsFor(target)).toHaveLength(seen + 1);
  }
  const records = await longshore.recordsFor(target);
  const inOrder = records.toSorted((one, other) => one.observedAt.localeCompare(other.observedAt));
  expect(inOrder.map(({ digest, state }) => [digest, state])).toEqual(
    [a, b, a].map(({ content }) => [content.root.digest, 'succeeded']),
  );
});

test('a blob that is no archive is dead-lettered by name after one try, and a good one after it is imported', async () => {
  const image = await buildImageIndex({ seed: 'carried' });
  const archive = await buildArchive(image, 'airgap/carried:1');
  const useless = {
    'notes.tar': Buffer.from('no archive at all'),
    'team/cut.tgz': gzipSync(archive).subarray(0, 1000),
  };
  for (const [name, content] of Object.entries(useless)) {
    await drop(name, content);
    const aside = await longshore.takeDeadLetter();
    expect(aside?.body).toEqual({ container: 'transfer', name });
    expect(aside?.applicationProperties).toEqual({
      reasonCode: 'E_ARCHIVE_FORMAT',
      reasonMessage: expect.stringMatching(/./),
    });
  }

  await drop('carried.tar', archive);
  await longshore.seeCopy('airgap/carried', '1', image);
  const tries = log.filter((line) => line.startsWith("Executing 'Functions.importArchive'"));
  expect(tries).toHaveLength(3);
});
