import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../shared/content/index.ts';
import { createImportJob, parseImportJob } from '../../../shared/imports/index.ts';

const parts = {
  source: 'docker.io/library/node',
  digest: digestOf('node'),
  target: 'acme.azurecr.io/base/node:22',
  platforms: ['linux/amd64', 'linux/arm64'],
  observedAt: '2026-04-01T00:00:00.000Z',
  reason: 'test',
};
const idOf = (change: Partial<typeof parts> = {}) => createImportJob({ ...parts, ...change }).id;

describe('the id of a job', () => {
  test.each<[string, Partial<typeof parts>]>([
    ['nothing', {}],
    ['the order of the platforms', { platforms: ['linux/arm64', 'linux/amd64'] }],
    ['a platform named twice', { platforms: ['linux/amd64', 'linux/arm64', 'linux/amd64'] }],
    ['the reason', { reason: 'another' }],
    ['the precision of the time', { observedAt: '2026-04-01T00:00:00Z' }],
  ])('stays when %s differs', (_, change) => {
    expect(idOf(change)).toBe(idOf());
  });

  test.each<[string, Partial<typeof parts>]>([
    ['digest', { digest: digestOf('deno') }],
    ['target', { target: 'acme.azurecr.io/base/node:23' }],
    ['platforms', { platforms: [] }],
    ['observation', { observedAt: '2026-04-01T00:00:00.001Z' }],
  ])('differs when the %s does', (_, change) => {
    expect(idOf(change)).not.toBe(idOf());
  });

  test('names the target in one way however it was written', () => {
    expect(idOf({ target: 'node:22' })).toBe(idOf({ target: 'docker.io/library/node:22' }));
  });

  test('fits a message id of the queue', () => {
    expect(idOf()).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('reading a job', () => {
  const job = createImportJob(parts);

  test('what was created is read back, as an object and as text', () => {
    expect(parseImportJob(job)).toEqual(job);
    expect(parseImportJob(JSON.stringify(job))).toEqual(job);
  });

  test('fields of a later version are left out', () => {
    expect(parseImportJob({ ...job, priority: 'high' })).toEqual(job);
  });

  test.each([
    ['source', 'docker.io/UPPER'],
    ['source', 'docker.io/library/node:22'],
    ['digest', 'sha256:abc'],
    ['target', 'acme.azurecr.io/base/node'],
    ['target', `acme.azurecr.io/base/node:22@${parts.digest}`],
    ['platforms', 'linux/amd64'],
    ['platforms.1', ['linux/amd64', 'linux']],
    ['observedAt', 'yesterday'],
    ['observedAt', '2026-04-01T00:00:00+02:00'],
    ['id', ''],
    ['reason', 5],
  ])('a wrong %s is named', (field, value) => {
    const broken = { ...job, [field.split('.')[0] ?? field]: value };
    expect(() => parseImportJob(broken)).toThrow(
      expect.objectContaining({ code: 'E_JOB', message: expect.stringContaining(` ${field}: `) }),
    );
  });

  test('every problem is named, not only the first', () => {
    expect(() => parseImportJob({ ...job, digest: 1, target: 2 })).toThrow(/digest: .*; target: /);
  });

  test('anything at all is either a job or an E_JOB', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.json(), fc.string()), (body) => {
        expect(() => parseImportJob(body)).toThrow(expect.objectContaining({ code: 'E_JOB' }));
      }),
    );
  });
});
