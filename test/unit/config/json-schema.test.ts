import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { parseConfig } from '../../../shared/config/index.ts';
import { configJsonSchemaText } from '../../../shared/config/json-schema.ts';

const schemaPath = fileURLToPath(new URL('../../../longshore.schema.json', import.meta.url));
const examplePath = fileURLToPath(new URL('../../../longshore.example.yaml', import.meta.url));

async function editorSchema() {
  return z.fromJSONSchema(JSON.parse(await readFile(schemaPath, 'utf8')));
}

describe('the published JSON Schema', () => {
  it('is what "npm run schema" writes', async () => {
    expect(await readFile(schemaPath, 'utf8')).toBe(configJsonSchemaText());
  });

  it('is named by the example, for editors', async () => {
    const [, named = ''] =
      (await readFile(examplePath, 'utf8')).match(/^# yaml-language-server: \$schema=(\S+)$/m) ?? [];
    expect(resolve(dirname(examplePath), named)).toBe(schemaPath);
  });

  it('accepts the example, as the loader does', async () => {
    const text = await readFile(examplePath, 'utf8');
    expect((await editorSchema()).safeParse(parse(text)).error).toBeUndefined();
    const config = parseConfig(text, 'longshore.example.yaml', {
      ACR_TOKEN_PASSWORD: 'x',
    });
    expect(config.watches.length).toBeGreaterThan(2);
  });

  it.each([
    ['an unknown key', { watch: [] }],
    ['a number for a tag', { watches: [{ source: 'node', target: 'a.io/b', tags: [22] }] }],
    ['a secret in the file', { registries: { 'a.io': { credentials: { username: 'u', password: 'p' } } } }],
    ['something that is no tag or glob', { watches: [{ source: 'node', target: 'a.io/b', tags: 'a b' }] }],
  ])('refuses %s, as the loader does', async (_, file) => {
    expect((await editorSchema()).safeParse(file).success).toBe(false);
    expect(() => parseConfig(JSON.stringify(file), 'f', {})).toThrow(
      expect.objectContaining({ code: 'E_CONFIG' }),
    );
  });

  it('describes every key', async () => {
    const undescribed: string[] = [];
    const visit = (schema: unknown, path: string) => {
      if (typeof schema !== 'object' || schema === null) return;
      for (const [key, value] of Object.entries(schema)) {
        if (key === 'oneOf') continue;
        if (key !== 'properties') visit(value, `${path}/${key}`);
        else
          for (const [name, property] of Object.entries<{ description?: string }>(value)) {
            if (!property.description) undescribed.push(`${path}/${name}`);
            visit(property, `${path}/${name}`);
          }
      }
    };
    visit(JSON.parse(await readFile(schemaPath, 'utf8')), '');
    expect(undescribed).toEqual([]);
  });
});
