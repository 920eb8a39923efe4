import { beforeAll } from 'vitest';
import { startAzurite } from '../../local/azurite.ts';

/**
 * Gives the tests of this file an Azurite of their own, started before the first test and ended after the last.
 *
 * @returns a function that gives the connection string once the tests are running.
 */
export function useAzurite(): () => string {
  let connectionString: string | undefined;
  beforeAll(async () => {
    const azurite = await startAzurite();
    connectionString = azurite.connectionString;
    return () => azurite.close();
  });
  return () => {
    if (connectionString === undefined) throw new Error('Azurite is there only while tests are running');
    return connectionString;
  };
}
