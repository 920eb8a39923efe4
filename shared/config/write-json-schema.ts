/** `npm run schema`: writes the JSON Schema that editors check longshore.yaml against. */
import { writeFile } from 'node:fs/promises';
import { configJsonSchemaText } from './json-schema.ts';

await writeFile(new URL('../../longshore.schema.json', import.meta.url), configJsonSchemaText());
