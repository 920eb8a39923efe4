import { InvalidArgumentError } from 'commander';

/** Reads the value of a flag. @throws InvalidArgumentError for anything but a whole number from 1 on */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('Expected a whole number from 1 on.');
  return value;
}
