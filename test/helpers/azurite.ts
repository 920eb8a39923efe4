import { beforeAll, inject } from 'vitest';

/**
 * Gives the tests of this file a storage account, empty before the first of them, in an Azurite that all files share.
 *
 * @returns a function that gives the connection string once the tests are running.
 */
export function useAzurite(): () => string {
  let connectionString: string | undefined;
  beforeAll(async () => {
    connectionString = await newStorageAccount();
  });
  return () => {
    if (connectionString === undefined) throw new Error('Azurite is there only while tests are running');
    return connectionString;
  };
}

/** Makes an empty storage account, used by nothing else. Resolves to its connection string. */
export async function newStorageAccount(): Promise<string> {
  const response = await fetch(inject('newStorageAccount'), { headers: { Connection: 'close' } });
  const answer = await response.text();
  if (!response.ok) throw new Error(answer);
  return answer;
}
