import { describe, expect, it } from 'vitest';
import { StorageError } from '../../../../shared/errors.ts';
import {
  isArrivalExpired,
  isRunExpired,
  type PipelineRun,
  pipelineRunSchema,
  runKey,
} from '../../../../shared/transfer/index.ts';
import { createMemoryRecords } from '../../../helpers/memory-records.ts';

const BEFORE = new Date('2026-05-01T00:00:00Z');
const OLD = '2026-04-30T23:59:59.999Z';
const YOUNG = '2026-05-01T00:00:00.000Z';

function createRun(
  status: PipelineRun['response']['status'],
  { finishTime, etag = '"1"' }: { readonly finishTime?: string; readonly etag?: string | null } = {},
): PipelineRun {
  return pipelineRunSchema.parse({
    name: 'arrival1',
    request: { pipelineResourceId: 'x/importPipelines/inbound', source: { name: 'shop.tar' } },
    provisioningState: 'Succeeded',
    response: { status, finishTime },
    longshore: {
      generation: 'first',
      createdAt: OLD,
      attempts: 1,
      failures: 0,
      ...(etag !== null && { etag }),
    },
  });
}

describe('the record of a run', () => {
  it.each([
    ['of an arrival that succeeded long ago', createRun('Succeeded', { finishTime: OLD }), true],
    ['of an arrival that succeeded since', createRun('Succeeded', { finishTime: YOUNG }), false],
    ['that somebody ordered', createRun('Succeeded', { finishTime: OLD, etag: null }), false],
    ['that failed', createRun('Failed', { finishTime: OLD }), false],
    ['that waits', createRun('Queued'), false],
    ['that is under way', createRun('Running', { finishTime: OLD }), false],
    ['whose end nobody wrote down', createRun('Succeeded'), false],
  ])('%s', (_, run, isPast) => {
    expect(isRunExpired(run, BEFORE)).toBe(isPast);
  });
});

describe('the record of an arrival', () => {
  const blobs = new Set(['there.tar']);
  const hasBlob = async (name: string) => blobs.has(name);

  it.each([
    ['whose run is kept', 'gone.tar', 'arrival1', false],
    ['whose blob is there', 'there.tar', 'arrival2', false],
    ['whose run and blob are gone', 'gone.tar', 'arrival2', true],
    ['that started nothing, and whose blob is gone', 'gone.tar', undefined, true],
    ['that started nothing, and whose blob is there', 'there.tar', undefined, false],
  ])('%s', async (_, blob, run, isPast) => {
    const runs = createMemoryRecords<PipelineRun>();
    await runs.update(runKey('arrival1'), () => createRun('Failed'));
    const arrival = { etag: '"1"', ...(run !== undefined && { run }) };
    expect(await isArrivalExpired(blob, arrival, { runs, hasBlob })).toBe(isPast);
  });

  it('is nobody’s to judge when the container cannot be looked into', async () => {
    const refusal = new StorageError('E_STORAGE_DENIED', 'no');
    const traces = {
      runs: createMemoryRecords<PipelineRun>(),
      hasBlob: () => Promise.reject(refusal),
    };
    await expect(isArrivalExpired('gone.tar', { etag: '"1"' }, traces)).rejects.toBe(refusal);
  });
});
