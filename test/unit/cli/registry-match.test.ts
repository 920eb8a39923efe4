import { expect, it } from 'vitest';
import { isOfRegistry, registryOfPipeline } from '../../../cli/transfer/named.ts';
import { pipelineId } from '../../../shared/transfer/index.ts';

it('takes every registry when none is named, and otherwise exactly that one, in any case', () => {
  expect(isOfRegistry(undefined, 'acme.azurecr.io')).toBe(true);
  expect(isOfRegistry('ACME.azurecr.io', 'acme.azurecr.io')).toBe(true);
  expect(isOfRegistry('acme.azurecr.io', 'other.azurecr.io')).toBe(false);
  expect(isOfRegistry('acme.azurecr.io', undefined)).toBe(false);
});

it('finds the registry in the id of a pipeline, and not the name of the pipeline', () => {
  const host = registryOfPipeline(pipelineId('export', 'localhost:5000', 'outbound'));
  expect(host).toBe('localhost:5000');
  expect(isOfRegistry('outbound', host)).toBe(false);
  expect(registryOfPipeline(undefined)).toBeUndefined();
});
