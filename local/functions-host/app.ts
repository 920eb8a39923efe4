import { glob, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BindingInfo, FunctionsCore, RegisteredFunction } from './core.ts';
import { FunctionsHostError, messageOf } from './errors.ts';
import type { HostedFunction } from './invocation.ts';

export interface AppManifest {
  readonly name: string;
  /** A file or a glob, relative to the app's folder. */
  readonly main: string | undefined;
}

/** The parts of an app's package.json that matter to a host. Throws `E_APP` when it cannot be read. */
export async function readAppManifest(root: string): Promise<AppManifest> {
  const file = join(root, 'package.json');
  try {
    const manifest: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof manifest !== 'object' || manifest === null) throw new TypeError('expected an object');
    const name = 'name' in manifest && typeof manifest.name === 'string' ? manifest.name : 'app';
    const main = 'main' in manifest && typeof manifest.main === 'string' ? manifest.main : undefined;
    return { name, main };
  } catch (error) {
    throw new FunctionsHostError('E_APP', `${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Imports the app's entry points, runs its appStart hooks, and gives the functions they registered, checked for what a
 * host can run.
 *
 * @param entry a file, or a glob as in `main` of package.json, relative to `root`.
 * @throws FunctionsHostError `E_APP` when an entry point throws, there is none, or nothing was registered; `E_BINDING`
 * for a function that is declared wrongly.
 */
export async function loadApp(
  root: string,
  entry: string | undefined,
  core: FunctionsCore,
  hookContext: object,
): Promise<HostedFunction[]> {
  if (entry === undefined) {
    throw new FunctionsHostError(
      'E_APP',
      `The package.json in ${root} has no "main", and no entry was given`,
    );
  }
  const files: string[] = [];
  for await (const file of glob(entry, { cwd: root })) files.push(file);
  if (files.length === 0) throw new FunctionsHostError('E_APP', `No file in ${root} matches ${entry}`);
  for (const file of files.sort()) {
    try {
      await import(pathToFileURL(resolve(root, file)).href);
    } catch (error) {
      const message = `The entry point ${file} failed while it was loading: ${messageOf(error)}`;
      throw new FunctionsHostError('E_APP', message, { cause: error });
    }
  }
  await core.runHooks('appStart', hookContext);
  core.finishStartup();
  if (core.functions.size === 0) {
    throw new FunctionsHostError('E_APP', `No function was registered by ${files.join(', ')}`);
  }
  return [...core.functions.values()].map(describeFunction);
}

/** Names as the Functions host takes them. */
const functionName = /^(?!host$)[a-z][a-z0-9_-]{0,127}$/i;
const bindingName = /^([a-z][a-z0-9]{0,127}|\$return)$/i;

function describeFunction(registered: RegisteredFunction): HostedFunction {
  const { name, bindings } = registered.metadata;
  if (!functionName.test(name)) {
    throw new FunctionsHostError(
      'E_BINDING',
      `"${name}" cannot be the name of a function: expected a letter and then up to 127 letters, digits, - or _, and not "host"`,
    );
  }
  let found: { triggerName: string; trigger: BindingInfo } | undefined;
  for (const [key, binding] of Object.entries(bindings)) {
    if (!bindingName.test(key)) {
      throw new FunctionsHostError(
        'E_BINDING',
        `"${key}" cannot be the name of a binding (function ${name})`,
      );
    }
    if (binding.type.endsWith('Trigger')) found = { triggerName: key, trigger: binding };
    else if (!(binding.type === 'http' && key === '$return')) {
      throw new FunctionsHostError(
        'E_BINDING',
        `Function ${name} has the ${binding.direction}put binding ${binding.type}, which the local host does not carry out`,
      );
    }
  }
  if (found === undefined) throw new FunctionsHostError('E_BINDING', `Function ${name} has no trigger`);
  return { ...registered, name, ...found };
}
