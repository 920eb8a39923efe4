import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { createAzureClients, createTableRecords } from '../../shared/azure/index.ts';
import { createBudgets, type Ledger, ledgerSchema, pauseSchema } from '../../shared/budget/index.ts';
import { digestOf, OCI_MANIFEST } from '../../shared/content/index.ts';
import { BudgetError } from '../../shared/errors.ts';
import { createRegistryClient } from '../../shared/registry/index.ts';
import { useAzurite } from '../helpers/azurite.ts';
import { listen } from '../helpers/listen.ts';

const storage = useAzurite();

const LIMIT = 15;
const WINDOW_SECONDS = 1;

/** A registry over HTTP that counts the pulls of a sliding window, announces them and refuses what is too much. */
async function startCountingRegistry(manifests: ReadonlyMap<string, string>) {
  const counts = { pulls: 0, refused: 0, heads: 0 };
  let window: number[] = [];
  const server = createServer((request, response) => {
    const manifest = manifests.get(decodeURIComponent(request.url?.split('/').at(-1) ?? ''));
    if (manifest === undefined) {
      response.writeHead(404).end();
      return;
    }
    const now = performance.now();
    window = window.filter((at) => at > now - WINDOW_SECONDS * 1000);
    const isOver = request.method === 'GET' && window.length >= LIMIT;
    if (request.method === 'HEAD') counts.heads += 1;
    else if (isOver) counts.refused += 1;
    else {
      counts.pulls += 1;
      window.push(now);
    }
    response.setHeader('ratelimit-limit', `${LIMIT};w=${WINDOW_SECONDS}`);
    response.setHeader('ratelimit-remaining', `${LIMIT - window.length};w=${WINDOW_SECONDS}`);
    response.setHeader('docker-ratelimit-source', '192.0.2.1');
    response.setHeader('content-type', OCI_MANIFEST);
    response.setHeader('docker-content-digest', digestOf(manifest));
    response.setHeader('content-length', Buffer.byteLength(manifest));
    response.writeHead(isOver ? 429 : 200).end(isOver ? undefined : manifest);
  });
  return { host: await listen(server), counts };
}

it('workers that share a table pull from a registry what it allows and not one more', async () => {
  const manifests = new Map(
    Array.from({ length: 60 }, (_, at) => `{"schemaVersion":2,"at":${at}}`).map((text) => [
      String(digestOf(text)),
      text,
    ]),
  );
  const { host, counts } = await startCountingRegistry(manifests);
  const azure = createAzureClients();
  const table = (name: string) => () => azure.table({ kind: 'connectionString', value: storage() }, name);
  const ledgers = () => createTableRecords<Ledger>({ table: table('budgets'), schema: ledgerSchema });
  const queue = [...manifests.keys()];
  let imported = 0;

  async function work(): Promise<void> {
    const client = createRegistryClient();
    const budgets = createBudgets({
      ledgers: ledgers(),
      pauses: createTableRecords({ table: table('pauses'), schema: pauseSchema }),
      configured: () => ({ policy: {}, account: 'anonymous' }),
    });
    const repository = client.repository({ registry: host, repository: 'library/app' });
    for (let digest = queue.shift(); digest; digest = queue.shift()) {
      const opened = budgets.open(repository, { root: digestOf(manifests.get(digest) ?? ''), platforms: [] });
      try {
        await opened.source.fetchManifest(digest);
        imported += 1;
      } catch (error) {
        if (!(error instanceof BudgetError)) throw error;
        queue.push(digest);
        const restMs = Math.max(error.until.getTime() - Date.now(), 0);
        await new Promise((resolve) => setTimeout(resolve, Math.min(restMs, 200)));
      } finally {
        await opened.close();
      }
    }
    await client.close();
  }

  await Promise.all(Array.from({ length: 6 }, work));
  expect(imported).toBe(60);
  expect(counts).toMatchObject({ pulls: 60, refused: 0 });
  const [{ value } = {}] = await Array.fromAsync(ledgers().list());
  expect(value).toMatchObject({ registry: host, account: '192.0.2.1', limit: LIMIT, leases: [] });
});
