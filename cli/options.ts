import { InvalidArgumentError, Option } from 'commander';

/** `--json`, which every command with a result has. `Output` reads it. */
export function jsonOption(): Option {
  return new Option('--json', 'print the result as JSON');
}

/** `--config`. @param use what the command does with the configuration, such as `configuration to plan with` */
export function configOption(use: string): Option {
  return new Option('--config <file>', `${use} (default: LONGSHORE_CONFIG, or ./longshore.yaml)`);
}

/** `--config` of commands that need no configuration and use one for its registries. */
export function credentialsOption(): Option {
  return configOption('take registry credentials from this configuration');
}

/** Reads `--platform`: one platform, or several separated by commas, as docker buildx takes them. */
export function platformFlag(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...text.split(',')];
}

/** Reads the value of a repeatable option. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** Reads the value of an option. @throws InvalidArgumentError for anything but a whole number from 1 on */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('Expected a whole number from 1 on.');
  return value;
}
