import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { countRequests, totalOf } from '../../../bench/copy/request-counts.ts';
import { gzipLayer } from '../../../bench/gzip-layer.ts';
import { incompressibleBytes } from '../../../bench/incompressible-bytes.ts';
import { formatSpread, spreadOf } from '../../../bench/spread.ts';
import { judgeTransfer } from '../../../bench/transfer/report.ts';

describe('a layer made for a measurement', () => {
  it.each([0, 1, 65_535, 65_536, 1_000_000])('is a gzip file of %i bytes', (size) => {
    const content = Buffer.concat([...incompressibleBytes('seed', size)]);
    expect(gunzipSync(Buffer.concat([...gzipLayer('seed', size)])).equals(content)).toBe(true);
  });
});

describe('an access log', () => {
  const line = (request: string) =>
    `127.0.0.1 - - [22/Nov/2026:06:00:00 +0000] "${request} HTTP/1.1" 200 2 "" "longshore"`;

  it('is counted by method and by what was asked for', () => {
    const counts = countRequests([
      line('GET /v2/'),
      line('HEAD /v2/a/blobs/uploads/manifests/v1'),
      line('POST /v2/a/blobs/uploads/'),
      line('PUT /v2/a/blobs/uploads/1-2?_state=/manifests/x&digest=sha256%3A00'),
      line('GET /v2/a/blobs/sha256:00'),
      line('GET /v2/a/blobs/sha256:01'),
      line('GET /v2/a/referrers/sha256:00'),
    ]);
    expect(counts).toEqual({
      'GET ping': 1,
      'HEAD manifest': 1,
      'POST upload': 1,
      'PUT upload': 1,
      'GET blob': 2,
      'GET other': 1,
    });
    expect(totalOf(counts)).toBe(7);
  });

  it('may have lines that are about no request', () => {
    expect(countRequests(['', 'starting up'])).toEqual({});
  });
});

describe('several measurements', () => {
  it('are told by their median and their ends', () => {
    expect(formatSpread(spreadOf([3, 1, 2]))).toBe('2.00 (1.00-3.00)');
    expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
  });

  it('are at least one', () => {
    expect(() => spreadOf([])).toThrow(RangeError);
  });
});

describe('a measured transfer', () => {
  const cost = (wallMs: number, peakRssMiB = 100) => ({ wallMs, cpuMs: wallMs, peakRssMiB });
  const round = (exported: number, peak: number) => ({
    bytes: 1,
    costs: {
      export: cost(exported, peak),
      'SDK, registry to blob': cost(80),
      'SDK, file to blob': cost(60),
      import: cost(90),
      'SDK, blob to registry': cost(90),
      'SDK, blob to nowhere': cost(40),
    },
  });

  it('is judged by its largest peak, and by its median throughput beside that of the SDK', () => {
    const rounds = [round(100, 120), round(80, 310), round(160, 120)];
    expect(judgeTransfer(rounds)).toMatchObject([
      { what: 'export: peak MiB', measured: 310, holds: false },
      { what: 'export: throughput / SDK, registry to blob', measured: 0.8, holds: true },
      { what: 'import: peak MiB', measured: 100, holds: true },
      { what: 'import: throughput / SDK, blob to registry', measured: 1, holds: true },
    ]);
  });
});
