import { InvalidArgumentError } from 'commander';
import { parseByteSize, parseSecretSource, type SecretSource } from '../../shared/transfer/index.ts';

export function secretSources(text: string, previous: readonly SecretSource[] = []): readonly SecretSource[] {
  return [...previous, parseSecretSource(text)];
}

export function byteSize(text: string): number {
  const bytes = parseByteSize(text);
  if (bytes !== undefined) return bytes;
  throw new InvalidArgumentError('Expected a size such as 4GiB or 500MB.');
}

/** Case-insensitive, as in `az`. */
export function trueOrFalse(text: string): boolean {
  if (/^(?:true|false)$/i.test(text)) return /^t/i.test(text);
  throw new InvalidArgumentError('Expected true or false.');
}

/** One of the choices, case-insensitive, as in `az`. */
export function oneOf<T extends string>(choices: readonly T[]): (text: string) => T {
  return (text) => {
    const choice = choices.find((one) => one.toLowerCase() === text.toLowerCase());
    if (choice) return choice;
    throw new InvalidArgumentError(`Expected one of ${choices.join(', ')}.`);
  };
}
