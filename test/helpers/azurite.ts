import { afterAll, beforeAll } from 'vitest';
import { startAzurite } from '../../local/azurite.ts';

/** Name of the variable by which a test run hands one shared Azurite to all test files. */
const sharedStorageVariable = 'LONGSHORE_TEST_STORAGE';

/**
 * Gives the tests of this file an Azurite: the shared one of the run, named by `LONGSHORE_TEST_STORAGE`, or else one of
 * their own, started before the first test and ended after the last. The account may be shared with other files, so use
 * container, queue and table names of your own.
 *
 * @returns a function that gives the connection string once the tests are running.
 */
export function useAzurite(): () => string {
  const shared = process.env[sharedStorageVariable];
  let connectionString = shared;
  beforeAll(async () => {
    if (shared !== undefined) return undefined;
    const azurite = await startAzurite();
    connectionString = azurite.connectionString;
    return () => azurite.close();
  });
  afterAll(() => {
    connectionString = undefined;
  });
  return () => {
    if (connectionString === undefined) throw new Error('Azurite is there only while tests are running');
    return connectionString;
  };
}
