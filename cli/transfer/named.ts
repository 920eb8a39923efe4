import type { Command } from 'commander';
import { jsonOption } from '../options.ts';

/** The options of commands that are about one pipeline or one run: its name, and its registry as a check. */
export interface NamedFlags {
  readonly name: string;
  readonly registry?: string;
}

/** @param what such as `run` */
export function namedOptions(command: Command, what: string): Command {
  return command
    .requiredOption('-n, --name <name>', `name of the ${what}`)
    .option('-r, --registry <host>', 'only if this is its registry; names are unique without it')
    .addOption(jsonOption());
}

/** Whether something of the registry `host` is meant: `--registry` was not given, or names it in any case. */
export function isOfRegistry(registry: string | undefined, host: string | undefined): boolean {
  return registry === undefined || registry.toLowerCase() === host?.toLowerCase();
}

/** The registry of a run's pipeline, `HOST` of `/registries/HOST/exportPipelines/NAME`. */
export function registryOfPipeline(pipelineResourceId: string | undefined): string | undefined {
  return /\/registries\/([^/]+)\//.exec(pipelineResourceId ?? '')?.[1];
}
