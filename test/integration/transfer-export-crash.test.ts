import { expect, it } from 'vitest';
import { buildImageIndex, pushContent } from '../../local/demo-content/index.ts';
import type { PipelineRun } from '../../shared/transfer/index.ts';
import { useAzurite } from '../helpers/azurite.ts';
import { exportOrder, exportPipeline } from '../helpers/transfer-pipelines.ts';
import { transferWorld } from '../helpers/transfer-world.ts';

const azurite = useAzurite();

it('an export that died after its archive appeared is delivered again and takes that for its own', async () => {
  const world = await transferWorld(azurite(), {
    transfer: ({ uri, near }) => ({
      exportPipelines: [exportPipeline(uri, 'outbound', { registry: near })],
    }),
  });
  await pushContent(world.near.url, 'apps/shop', ['1.0'], await buildImageIndex({ seed: 'shop' }));
  const order = exportOrder('weekly42', [world.near.host, 'outbound'], ['apps/shop:1.0']);
  const { longshore } = await world.app.transfers.createRun(order);
  await world.app.runTransfer({ run: order.name, generation: longshore.generation });
  // The record as a worker leaves it that is gone before it could say that it was done.
  await world.app.transfers.removeRun(order.name);
  const anew: PipelineRun = await world.app.transfers.createRun(order);
  expect(anew.longshore.generation).toBe(longshore.generation);
  await world.app.runTransfer({ run: order.name, generation: longshore.generation });
  expect((await world.app.transfers.run(order.name))?.response.status).toBe('Succeeded');
});
