import { type LoadOptions, loadConfiguration } from '../../shared/app/index.ts';
import { ConfigError, InvalidInputError } from '../../shared/errors.ts';

/** The registry to import into: as given, or from the configuration. @throws InvalidInputError when neither is set */
export async function targetRegistry(given: string | undefined, options: LoadOptions): Promise<string> {
  return given ?? requireRegistry(await configured(options));
}

/** @throws InvalidInputError `E_ARGUMENT` when neither `--registry` nor the configuration has a host */
export function requireRegistry(host: string | undefined): string {
  if (host !== undefined) return host;
  throw new InvalidInputError(
    'E_ARGUMENT',
    'Expected --registry HOST, or transfer: { registry: HOST } in the configuration.',
  );
}

async function configured(options: LoadOptions): Promise<string | undefined> {
  try {
    return (await loadConfiguration(options)).config.transfer?.registry;
  } catch (error) {
    // Without --config, the configuration is optional.
    if (error instanceof ConfigError && options.configFile === undefined) return undefined;
    throw error;
  }
}
