import { type Environment, processEnvironment, withLocalSettings } from '../shared/config/index.ts';

/**
 * The settings of a command: those of `given`, else of this process, then those of `local.settings.json` in `folder`
 * or of a local stack that runs there. @throws ConfigError when that file cannot be read
 */
export function readSettings(given: Environment | undefined, folder: string): Promise<Environment> {
  return withLocalSettings(given ?? processEnvironment(), folder);
}
