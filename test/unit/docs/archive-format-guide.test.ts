import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseCatalog } from '../../../shared/transfer/archive/catalog.ts';

const guide = readFileSync(new URL('../../../docs/guides/archive-format.md', import.meta.url), 'utf8');

describe('the guide to the archive format', () => {
  it('shows a catalog that is one', () => {
    const [, example = ''] = /```json\n(.*?)```/s.exec(guide) ?? [];
    expect(parseCatalog(Buffer.from(example))).toEqual(JSON.parse(example));
  });
});
