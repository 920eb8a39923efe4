import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { digestOf } from '../../../shared/content/index.ts';
import { createLocalSink } from '../../../shared/transfer/index.ts';
import { describeArchiveSink } from '../../contract/describe-archive-sink.ts';
import { temporaryFolder } from '../../helpers/test-registry.ts';

const SINK = new URL('../../../shared/transfer/export/local-sink.ts', import.meta.url).href;

/** Another process that has begun to write the file and does not end. */
async function writerOf(path: string) {
  const program = `import { createLocalSink } from ${JSON.stringify(SINK)};
    await (await createLocalSink(${JSON.stringify(path)})).write(Buffer.from('by'));
    console.log('began');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(kill);
  await once(child.stdout, 'data');
  return { kill };
}

describeArchiveSink('a folder', async () => {
  const folder = await temporaryFolder();
  return {
    open: (name) => createLocalSink(join(folder, name)),
    read: (name) => readFile(join(folder, name), 'utf8').catch(() => undefined),
  };
});

const facts = { size: 5, sha256: digestOf('bytes') };

describe('a file that is written here', () => {
  it('appears under its name when it is whole, in a folder that is made for it', async () => {
    const folder = join(await temporaryFolder(), 'new', 'folder');
    const sink = await createLocalSink(join(folder, 'app.tar'));
    await sink.write(Buffer.from('by'));
    expect(await readdir(folder)).toEqual([expect.stringMatching(/^app\.tar\.[\w-]+\.partial$/)]);
    await sink.write(Buffer.from('tes'));
    await sink.commit(facts);
    expect(await readdir(folder)).toEqual(['app.tar']);
    expect(await readFile(join(folder, 'app.tar'), 'utf8')).toBe('bytes');
  });

  it('leaves nothing when it is given up', async () => {
    const folder = await temporaryFolder();
    const sink = await createLocalSink(join(folder, 'app.tar'));
    await sink.write(Buffer.from('by'));
    await sink.abort();
    expect(await readdir(folder)).toEqual([]);
  });

  it('replaces nothing unless told so', async () => {
    const path = join(await temporaryFolder(), 'app.tar');
    const late = await createLocalSink(path);
    await writeFile(path, 'mine');
    await expect(createLocalSink(path)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    await expect(late.commit(facts)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    await late.abort();
    expect(await readFile(path, 'utf8')).toBe('mine');

    const sink = await createLocalSink(path, { overwrite: true });
    await sink.write(Buffer.from('bytes'));
    expect(await readFile(path, 'utf8')).toBe('mine');
    await sink.commit(facts);
    expect(await readFile(path, 'utf8')).toBe('bytes');
    expect(await readdir(join(path, '..'))).toEqual(['app.tar']);
  });

  it('is rid of what a process left that was killed, and of nothing that another one writes', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'app.tar');
    const alive = await writerOf(path);
    const [others] = await readdir(folder);
    const killed = await writerOf(path);
    await killed.kill();
    const foreign = 'app.tar.00000000-1-mfxyz123-01234567.partial';
    for (const name of [foreign, 'app.tar.mine.partial']) await writeFile(join(folder, name), 'kept');
    expect(await readdir(folder)).toHaveLength(4);

    const sink = await createLocalSink(path);
    await sink.write(Buffer.from('bytes'));
    await sink.commit(facts);
    expect((await readdir(folder)).toSorted()).toEqual(
      ['app.tar', 'app.tar.mine.partial', foreign, others].toSorted(),
    );
    await alive.kill();
  });
});
