import { InvalidArgumentError } from 'commander';
import { parseByteSize, parseSecretSource, type SecretSource } from '../../shared/transfer/index.ts';

/** `env:NAME`, the identifier of a Key Vault secret, or a path. */
export function secretSource(text: string): SecretSource {
  const source = parseSecretSource(text);
  if (source) return source;
  throw new InvalidArgumentError('Expected env:NAME, the identifier of a Key Vault secret, or a path.');
}

export function secretSources(text: string, previous: readonly SecretSource[] = []): readonly SecretSource[] {
  return [...previous, secretSource(text)];
}

export function byteSize(text: string): number {
  const bytes = parseByteSize(text);
  if (bytes !== undefined) return bytes;
  throw new InvalidArgumentError('Expected a size such as 4GiB or 500MB.');
}

export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected a number from 1 on.');
  return value;
}

export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
