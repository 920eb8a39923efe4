import { InvalidInputError } from '../../errors.ts';
import { namePrefixOf } from './concrete-watches.ts';
import { type ExpandedWatches, type ExpandPorts, expandWatches } from './expand-watches.ts';
import type { WatchesAndPatterns } from './watch-pattern.ts';

/**
 * Those of the chosen watches that are not paused.
 * @throws InvalidInputError `E_ARGUMENT` for a name that no watch has, or when all that are named are paused; the
 * signal's reason
 */
export async function chooseActiveWatches(
  configured: WatchesAndPatterns,
  names: readonly string[],
  ports: ExpandPorts,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ExpandedWatches> {
  const { watches, failures } = await chooseWatches(configured, names, ports, options);
  const active = watches.filter(({ paused }) => !paused);
  if (names.length > 0 && active.length === 0 && failures.length === 0) throw allPaused(names);
  return { watches: active, failures };
}

/** A person named them, so that each must be reported. */
function allPaused(names: readonly string[]): InvalidInputError {
  return new InvalidInputError(
    'E_ARGUMENT',
    `Paused in the configuration: ${names.join(', ')}. Take away "paused: true" first.`,
  );
}

/**
 * The watches of those names, patterns expanded; without names all of them. The name of a pattern means all of its
 * watches. Registries are listed for the patterns that this needs and no others.
 * @throws InvalidInputError `E_ARGUMENT` for a name that no watch has; the signal's reason
 */
export async function chooseWatches(
  { watches, patterns }: WatchesAndPatterns,
  names: readonly string[],
  ports: ExpandPorts,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ExpandedWatches> {
  if (names.length === 0) return await expandWatches({ watches, patterns }, ports, options);
  const needed = patterns.filter((pattern) =>
    names.some((name) => name === pattern.name || name.startsWith(namePrefixOf(pattern))),
  );
  const expanded = await expandWatches({ watches, patterns: needed }, ports, options);
  const prefixes = needed.filter(({ name }) => names.includes(name)).map(namePrefixOf);
  const known = new Set([...expanded.watches, ...needed].map(({ name }) => name));
  // The names of a pattern that failed are unknown.
  const unknown = expanded.failures.length > 0 ? undefined : names.find((name) => !known.has(name));
  if (unknown !== undefined) {
    const all = [...watches, ...patterns].map(({ name }) => name).join(', ') || 'none';
    throw new InvalidInputError(
      'E_ARGUMENT',
      `There is no watch "${unknown}". The configuration has: ${all}.`,
    );
  }
  return {
    failures: expanded.failures,
    watches: expanded.watches.filter(
      ({ name }) => names.includes(name) || prefixes.some((prefix) => name.startsWith(prefix)),
    ),
  };
}
