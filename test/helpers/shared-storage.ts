import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { type Azurite, startAzurite } from '../../local/azurite.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Each GET is answered with the connection string of an account that was given to none before. */
    newStorageAccount: string;
  }
}

const ACCOUNTS = Array.from({ length: 300 }, (_, nth) => `test${nth}`);

/** One Azurite for all files of a run, started when the first of them asks for an account. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const unused = [...ACCOUNTS];
  let azurite: Promise<Azurite> | undefined;
  const server = createServer(async (_request, response) => {
    try {
      azurite ??= startAzurite({ accounts: ACCOUNTS });
      const account = unused.shift();
      if (account === undefined) throw new Error(`All ${ACCOUNTS.length} storage accounts are in use.`);
      response.end((await azurite).connectionStringOf(account));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  project.provide('newStorageAccount', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return async () => {
    server.close();
    await (await azurite)?.close();
  };
}
