import { generateKeyPairSync } from 'node:crypto';
import { appendFile, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { buildImageIndex, buildSbom, pushContent } from '../../local/demo-content/index.ts';
import { type CliResult, runCli } from '../helpers/cli.ts';
import { dockerArchive } from '../helpers/docker-archive.ts';
import { imageLayout, type Member, tarOf } from '../helpers/layout-archive.ts';
import { startTestRegistry, temporaryFolder } from '../helpers/test-registry.ts';

/** Two registries that cannot see each other, and a folder that is carried between them. */
async function sides() {
  const [near, far, folder] = await Promise.all([
    startTestRegistry(),
    startTestRegistry(),
    temporaryFolder(),
  ]);
  const file = (name: string) => path.join(folder, name);
  const longshore = (...words: readonly string[]): Promise<CliResult> => runCli(words, { folder });
  return {
    near,
    far,
    folder,
    file,
    longshore,
    exports: (name: string, tags: string, ...flags: readonly string[]) =>
      longshore('export', `${near.host}/apps/shop:${tags}`, '--to', file(name), ...flags),
    imports: (name: string, ...flags: readonly string[]) =>
      longshore('import-archive', file(name), '--registry', far.host, ...flags),
    push: async (tag: string) => {
      const image = await buildImageIndex({ seed: tag });
      await pushContent(near.url, 'apps/shop', [tag], image);
      return image;
    },
  };
}

describe('a differential archive', () => {
  it('that the target cannot do with is told by a dry run as well, and what would help', async () => {
    const { longshore, exports, imports, push, file, far } = await sides();
    await push('1.0');
    expect((await exports('first.tar', '1.*')).exitCode).toBe(0);
    await push('1.1');
    expect((await exports('more.tar', '1.*', '--differential-from', file('first.tar'))).exitCode).toBe(0);
    const dry = await imports('more.tar', '--dry-run');
    expect(dry.exitCode).toBe(1);
    expect(dry.stdout).toMatch(/not in the archive: add its base \(--base\)/);
    expect((await imports('more.tar', '--dry-run', '--base', file('first.tar'))).exitCode).toBe(0);
    const shown = await longshore('archive', 'show', file('more.tar'), '--registry', far.host);
    expect(shown.stdout).toMatch(/base +sha256:/);
    expect(shown.stdout).toContain('of them not in the archive');
    expect((await imports('more.tar', '--base', file('first.tar'))).exitCode).toBe(0);
    expect((await imports('more.tar', '--dry-run')).exitCode).toBe(3);
  });
});

describe('a dry run', () => {
  it('says what is attached and not there yet, and ends with 3 only when nothing is to be done', async () => {
    const { near, exports, imports, push } = await sides();
    const { root } = await push('1.0');
    await exports('shop.tar', '1.0');
    expect((await imports('shop.tar')).exitCode).toBe(0);
    expect((await imports('shop.tar', '--dry-run')).exitCode).toBe(3);
    await pushContent(near.url, 'apps/shop', [], buildSbom(root, 'late'));
    await exports('shop.tar', '1.0', '--overwrite');
    const late = await imports('shop.tar', '--dry-run');
    expect(late).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('there already; 1 referrer') });
    await imports('shop.tar');
    expect((await imports('shop.tar', '--dry-run')).exitCode).toBe(3);
  });

  it('fails where the import would, for a tag that names other content', async () => {
    const { far, exports, imports, push } = await sides();
    await push('1.0');
    await pushContent(far.url, 'apps/shop', ['1.0'], await buildImageIndex({ seed: 'other' }));
    await exports('shop.tar', '1.0');
    expect(await imports('shop.tar', '--dry-run')).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('needs --overwrite-tags'),
    });
    expect((await imports('shop.tar')).stderr).toContain('--overwrite-tags');
    const moving = await imports('shop.tar', '--dry-run', '--overwrite-tags');
    expect(moving).toMatchObject({ exitCode: 0, stdout: expect.not.stringContaining('needs') });
    expect((await imports('shop.tar', '--overwrite-tags')).exitCode).toBe(0);
  });
});

it('tags of one image are shown by their own names, and counted as there already when they are', async () => {
  const { near, longshore, exports, imports, push, file } = await sides();
  const image = await push('1.0');
  await pushContent(near.url, 'apps/shop', ['1.0.3', '1'], image);
  const exported = await exports('shop.tar', '1*');
  const { digest } = image.root;
  const names = ['1', '1.0', '1.0.3'].map((tag) => `${near.host}/apps/shop:${tag}`);
  const width = Math.max(...names.map(({ length }) => length));
  for (const name of names)
    expect(exported.stdout.split('\n')).toContain(`  + ${name.padEnd(width)}  ${digest}`);
  const shown = await longshore('archive', 'show', file('shop.tar'), '--json');
  expect(JSON.parse(shown.stdout).artifacts.map(({ name }: { name: string }) => name)).toEqual(names);
  expect((await imports('shop.tar')).stdout).toMatch(/^3 artifacts imported\n/);
  await push('1.1');
  await exports('more.tar', '1*');
  expect((await imports('more.tar')).stdout).toMatch(/^1 artifact imported, 3 there already\n/);
  const again = await imports('more.tar');
  expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^0 artifacts imported, 4 /) });
});

it.each([
  ['nowhere.pem', 'nowhere.pem: there is no such file'],
  ['env:NOWHERE', 'env:NOWHERE: the environment variable NOWHERE is not set, or empty'],
])('a key that is not there is named as it was given: %s', async (key, problem) => {
  const { exports, push } = await sides();
  await push('1.0');
  const { exitCode, stderr } = await exports('shop.tar', '1.0', '--sign-key', key);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: `longshore: The configuration has a problem:\n  ${problem}\n`,
  });
});

it('a folder is not read as an archive, and it is said how one becomes one', async () => {
  const { imports, longshore, folder } = await sides();
  for (const { exitCode, stderr } of [await imports(''), await longshore('archive', 'show', folder)]) {
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/is a folder\. Expected a tar archive; .* tar -cf FILE -C "/);
  }
});

it('a folder is not written over', async () => {
  const { exports, push } = await sides();
  await push('1.0');
  for (const flags of [[], ['--overwrite']]) {
    expect(await exports('', '1.0', ...flags)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('is a folder. Expected the path of a file to write.'),
    });
  }
});

it('a part is shown by itself, and says which others are not there; an import wants them all', async () => {
  const { longshore, exports, imports, push, folder, file } = await sides();
  for (const tag of ['1.0', '1.1', '1.2']) await push(tag);
  await exports('shop.tar', '1.*', '--part-size', '40KB');
  const [first = '', ...others] = (await readdir(folder)).toSorted();
  for (const other of others) await rm(file(other));
  const shown = await longshore('archive', 'show', file(first));
  expect(shown).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('3 artifacts in 1 of ') });
  expect(shown.stdout).toMatch(new RegExp(`missing +${others.join(', ')}\\n`));
  expect((await imports(first)).stderr).toContain('missing');
  expect((await imports(first, '--dry-run')).stderr).toContain('missing');
});

it('a signature is not taken for checked that was not, and not for one that cannot be read', async () => {
  const { longshore, exports, push, file } = await sides();
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  await writeFile(file('key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await writeFile(file('key.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  await push('1.0');
  await exports('shop.tar', '1.0', '--sign-key', file('key.pem'));
  const show = (...flags: readonly string[]) => longshore('archive', 'show', file('shop.tar'), ...flags);
  expect((await show()).stdout).toContain('not verified: use --verify-key');
  expect((await show('--verify-key', file('key.pub'))).stdout).not.toContain('not checked');

  const bytes = await readFile(file('shop.tar'));
  bytes.write('?', bytes.indexOf('{"keyId"'));
  await writeFile(file('shop.tar'), bytes);
  expect(await show()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('cannot be read') });
  expect(await show('--verify-key', file('key.pub'))).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('catalog.sig is not JSON'),
  });
});

it('only what a trusted key signed is imported where a signature is asked for', async () => {
  const { far, exports, imports, push, file } = await sides();
  for (const name of ['ours', 'other']) {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    await writeFile(file(`${name}.pem`), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await writeFile(file(`${name}.pub`), publicKey.export({ type: 'spki', format: 'pem' }));
  }
  await push('1.0');
  await exports('unsigned.tar', '1.0');
  await exports('signed.tar', '1.0', '--sign-key', file('ours.pem'));
  const bytes = await readFile(file('signed.tar'));
  bytes.write('9', bytes.indexOf('apps/shop:1.0') + 'apps/shop:'.length);
  await writeFile(file('changed.tar'), bytes);
  for (const [archive, key, reason] of [
    ['unsigned.tar', 'ours.pub', 'is not signed'],
    ['signed.tar', 'other.pub', 'signed by the key'],
    ['changed.tar', 'ours.pub', 'changed after it was signed'],
  ] as const) {
    for (const flags of [[], ['--dry-run'], ['--continue-on-errors']])
      expect(await imports(archive, '--verify-key', file(key), ...flags)).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining(reason),
      });
  }
  expect(await (await fetch(`${far.url}/v2/_catalog`)).json()).toEqual({ repositories: [] });
  const both = ['--verify-key', file('other.pub'), '--verify-key', file('ours.pub')];
  expect((await imports('signed.tar', ...both)).exitCode).toBe(0);
});

it('an archive of docker save is shown and imported', async () => {
  const { longshore, imports, file, far } = await sides();
  await writeFile(
    file('saved.tar'),
    await dockerArchive([{ tags: ['apps/shop:1.0'], layers: ['one', 'two'] }]),
  );
  expect((await longshore('archive', 'show', file('saved.tar'))).stdout).toMatch(/apps\/shop:1\.0 +sha256:/);
  expect((await imports('saved.tar')).stdout).toContain(`${far.host}/apps/shop:1.0`);
});

it('what has no name beside something that has one is left out, and that is said', async () => {
  const { imports, file } = await sides();
  const named = imageLayout({ annotations: { 'org.opencontainers.image.ref.name': 'v1' } });
  const nameless = imageLayout({ config: '{"a":1}' });
  const files = new Map([...nameless.files, ...named.files]);
  const index = { schemaVersion: 2, manifests: [named.root, nameless.root] };
  files.set('index.json', Buffer.from(JSON.stringify(index)));
  await writeFile(file('mixed.tar'), await tarOf([...files].map(([name, content]) => ({ name, content }))));
  expect(await imports('mixed.tar')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining(`${nameless.root.digest}  has no name and was skipped`),
  });

  files.set('index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [] })));
  await writeFile(file('empty.tar'), await tarOf([...files].map(([name, content]) => ({ name, content }))));
  expect(await imports('empty.tar')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('nothing'),
  });
});

describe('a hostile archive', () => {
  const { files } = imageLayout({ annotations: { 'org.opencontainers.image.ref.name': 'v1' } });
  const members = (): Member[] => [...files].map(([name, content]) => ({ name, content }));

  it.each<readonly [string, () => Promise<Buffer>, string]>([
    ['a path that leads out', () => tarOf([...members(), { name: '../../etc/passwd' }]), 'has ".."'],
    ['an absolute path', () => tarOf([...members(), { name: '/etc/passwd' }]), 'absolute'],
    [
      'a link',
      () => tarOf([...members(), { name: 'a', type: 'symlink', linkname: '/etc' }]),
      'neither a file',
    ],
    ['a hard link', () => tarOf([...members(), { name: 'a', type: 'link', linkname: 'index.json' }]), 'link'],
    ['a device', () => tarOf([...members(), { name: 'a', type: 'character-device' }]), 'neither a file'],
    ['a file twice', () => tarOf([...members(), ...members().slice(-1)]), 'already'],
    [
      'garbage at its end',
      async () => Buffer.concat([await tarOf(members()), Buffer.from('garbage')]),
      'after its end',
    ],
    [
      'an archive behind it',
      async () => Buffer.concat([await tarOf(members()), await tarOf(members())]),
      'after its end',
    ],
    [
      'garbage at its end, compressed with it',
      async () => gzipSync(Buffer.concat([await tarOf(members()), Buffer.from('garbage')])),
      'after its end',
    ],
    [
      'garbage after what is compressed',
      async () => Buffer.concat([gzipSync(await tarOf(members())), Buffer.from('garbage')]),
      'cannot be decompressed',
    ],
    ['a bomb inside', async () => gzipSync(Buffer.alloc(300 * 1024 ** 2), { level: 1 }), 'after its end'],
  ])('is refused for %s', async (_, archive, reason) => {
    const { imports, file, far } = await sides();
    await writeFile(file('shop.tar'), await archive());
    const { exitCode, stderr } = await imports('shop.tar');
    expect(exitCode).toBe(1);
    expect(stderr).toContain(reason);
    expect(await (await fetch(`${far.url}/v2/_catalog`)).json()).toEqual({ repositories: [] });
  });

  it('may be padded with zeros, as tar does for tapes', async () => {
    const { imports, file } = await sides();
    await writeFile(file('shop.tar'), Buffer.concat([await tarOf(members()), Buffer.alloc(100_000)]));
    expect((await imports('shop.tar')).exitCode).toBe(0);
  });

  it('of ours is refused when it is cut or something is put behind it', async () => {
    const { exports, imports, push, file } = await sides();
    await push('1.0');
    await exports('shop.tar', '1.0');
    const { byteLength } = await readFile(file('shop.tar'));
    await appendFile(file('shop.tar'), 'garbage');
    expect((await imports('shop.tar')).stderr).toContain('after its end');
    await truncate(file('shop.tar'), byteLength - 4096);
    expect((await imports('shop.tar')).stderr).toContain('truncated');
  });
});
