import { loadApp, type Transfers } from '../../shared/app/index.ts';
import { InvalidInputError } from '../../shared/errors.ts';
import type { CommandContext } from '../program.ts';

/** Runs a command's work on pipelines and runs, with the settings and the configuration that the functions have. */
export async function withTransfers(
  { environment }: CommandContext,
  work: (transfers: Transfers) => Promise<number>,
): Promise<number> {
  const app = await loadApp({ environment });
  try {
    return await work(app.transfers);
  } finally {
    await app.close();
  }
}

/** The registry a new pipeline belongs to. @throws InvalidInputError `E_ARGUMENT` when none is named anywhere */
export function registryFor(given: string | undefined, { registry }: Transfers): string {
  const host = given ?? registry;
  if (host !== undefined) return host;
  throw new InvalidInputError(
    'E_ARGUMENT',
    'Expected --registry HOST, or transfer: { registry: HOST } in the configuration.',
  );
}

export function absent(what: string, name: string): InvalidInputError {
  return new InvalidInputError('E_ARGUMENT', `There is no ${what} ${name.slice(0, 100)}.`);
}
