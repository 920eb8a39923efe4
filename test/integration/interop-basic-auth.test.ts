import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { buildImageIndex, pushContent } from '../../local/demo-content/index.ts';
import { runCliProcess } from '../helpers/cli.ts';
import { type DockerRegistry, startDockerRegistry } from '../helpers/docker-registry.ts';
import { describeWithProgram } from '../helpers/programs.ts';
import { startTestRegistry, temporaryFolder } from '../helpers/test-registry.ts';

const LOGIN = { username: 'robot', password: 's3cret' };
/** The password above by bcrypt, the only hash that the registry takes. */
const PASSWORD_HASH = '$2b$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK';

/** A registry that wants a login for everything. */
async function closedRegistry(): Promise<DockerRegistry> {
  const path = join(await temporaryFolder(), 'htpasswd');
  await writeFile(path, `${LOGIN.username}:${PASSWORD_HASH}\n`);
  const registry = await startDockerRegistry({ auth: { htpasswd: { realm: 'closed', path } } });
  if (!registry) throw new Error('docker-registry is not installed.');
  onTestFinished(() => registry[Symbol.asyncDispose]());
  return registry;
}

/** A folder with a longshore.yaml that knows the login. */
async function folderFor({ host }: DockerRegistry): Promise<string> {
  const folder = await temporaryFolder();
  const credentials = `{ username: ${LOGIN.username}, password: { env: REGISTRY_PASSWORD } }`;
  await writeFile(
    join(folder, 'longshore.yaml'),
    `registries:\n  "${host}":\n    credentials: ${credentials}\n`,
  );
  return folder;
}

describeWithProgram('docker-registry', 'an import with the distribution registry behind a login', {
  'uses the login of longshore.yaml, to push and to pull': async () => {
    const closed = await closedRegistry();
    const open = await startTestRegistry();
    const image = await buildImageIndex({ seed: 'node-22' });
    await pushContent(open.url, 'node', ['22'], image);
    const options = {
      folder: await folderFor(closed),
      environment: { REGISTRY_PASSWORD: LOGIN.password },
    };
    const there = await runCliProcess(['import', `${open.host}/node:22`, `${closed.host}/node`], options);
    expect(there).toMatchObject({ exitCode: 0, stderr: '' });
    const back = ['import', `${closed.host}/node:22`, `${open.host}/again`, '--json'];
    const { exitCode, stdout } = await runCliProcess(back, options);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'succeeded', digest: image.root.digest });
  },

  'is refused without it, or with a wrong password, which is not repeated': async () => {
    const closed = await closedRegistry();
    const args = ['import', `${closed.host}/node:22`, `${closed.host}/copy`, '--json'];
    const anonymous = await runCliProcess(args);
    const wrong = await runCliProcess(args, {
      folder: await folderFor(closed),
      environment: { REGISTRY_PASSWORD: 'not-this-one' },
    });
    for (const { exitCode, stdout, stderr } of [anonymous, wrong]) {
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'E_DENIED' } });
      expect(stderr).not.toContain('not-this-one');
    }
  },
});
