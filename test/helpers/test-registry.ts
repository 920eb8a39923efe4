import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  type AnsweredRequest,
  type RegistryOptions,
  type RunningRegistry,
  startRegistry,
} from '../../local/registry/index.ts';

/** An empty folder that goes when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface TestRegistry extends RunningRegistry {
  readonly folder: string;
  /** Every request answered so far. */
  readonly requests: AnsweredRequest[];
}

/** A registry that ends with the test, on an empty folder unless one is given. */
export async function startTestRegistry(
  options: Omit<Partial<RegistryOptions>, 'onRequest'> = {},
): Promise<TestRegistry> {
  const folder = options.folder ?? (await temporaryFolder());
  const requests: AnsweredRequest[] = [];
  const registry = await startRegistry({ ...options, folder, onRequest: (r) => requests.push(r) });
  onTestFinished(() => registry.close());
  return { ...registry, folder, requests };
}
