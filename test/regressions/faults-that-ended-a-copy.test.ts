import { expect, it } from 'vitest';
import { codeOf } from '../../shared/errors.ts';
import { strikeInTurn } from '../helpers/fault-proxy-plans.ts';
import { type ProxyFaults, prepareWorld, runFaultyCopy, type Side } from '../helpers/fault-proxy-runs.ts';
import { startTestRegistry } from '../helpers/test-registry.ts';

async function copyWith(seed: string, faults: Partial<Record<Side, ProxyFaults>>, singlePutBytes?: number) {
  const world = await prepareWorld(await startTestRegistry(), await startTestRegistry(), ['linux/amd64']);
  return await runFaultyCopy(world, {
    repository: 'runs/again',
    seed,
    faults,
    tagged: true,
    ...(singlePutBytes !== undefined && { singlePutBytes }),
  });
}

const exact = { error: undefined, complaint: undefined };

it.each([
  'reset after the headers',
  'reset in mid-body',
  'silence in mid-body',
  'body truncated by the end of the connection',
  'Content-Length too large',
] as const)('a manifest was not asked for again after: %s', async (glitch) => {
  const glitchFor = strikeInTurn({ 'get manifest': [glitch] });
  expect(await copyWith('38', { source: { glitchFor } })).toMatchObject(exact);
});

it('a manifest that arrived damaged was not pushed again (DIGEST_INVALID was taken for a refusal)', async () => {
  const glitchFor = strikeInTurn({ 'put manifest': ['a bit flipped in the request'] });
  expect(await copyWith('101', { target: { glitchFor } })).toMatchObject(exact);
});

it('a commit whose answer was lost on the last attempt was an image that does not exist (E_NOT_FOUND)', async () => {
  const glitchFor = strikeInTurn({
    'begin upload': ['answer lost', 'silence before the answer'],
    'patch upload': ['429 with the wait in its text'],
    'put upload': ['reset within the headers', 'reset within the headers'],
  });
  const { complaint, error } = await copyWith('1064', { target: { glitchFor } }, 10);
  expect(complaint).toBeUndefined();
  expect(codeOf(error)).not.toBe('E_NOT_FOUND');
});

it('a blob that is not there, in a registry that has no HEAD and says 400 for it, was a failure', async () => {
  const quirks = ['no HEAD', 'not found as 400'] as const;
  expect(await copyWith('151055', { target: { quirks } })).toMatchObject(exact);
});
