import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startDockerRegistry } from '../bench-registry.ts';
import { coldEnvironment } from '../copy/candidates.ts';
import { type Cost, runMeasured } from '../copy/run-measured.ts';
import { type Content, configurationFor } from './content.ts';
import type { ServicePlace } from './run-service.ts';

/** The same content by `longshore sync`, into a target that is empty and logs as the service's does. */
export async function runSync(
  content: Content,
  { dist, folder, sourceHost, targetFolder, signal }: ServicePlace,
): Promise<Cost> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await using target = await startDockerRegistry(targetFolder, { onAccess: () => {} });
  await target.wipe();
  const configFile = join(folder, 'longshore.yaml');
  await writeFile(configFile, configurationFor(content, { source: sourceHost, target: target.host }));
  const command = [process.execPath, join(dist, 'cli', 'longshore.mjs'), 'sync', '--config', configFile];
  return await runMeasured(command, { folder, env: coldEnvironment(folder), signal });
}
