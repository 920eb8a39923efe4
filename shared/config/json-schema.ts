import * as z from 'zod';
import { fileSchema } from './schema.ts';

/**
 * The text of `longshore.schema.json`: the configuration file as JSON Schema, for editors. Draft 7 is what YAML
 * language servers read best. What it cannot say (references that parse, schedules that come round, watches that
 * contradict each other) is said when the file is read.
 */
export function configJsonSchemaText(): string {
  return `${JSON.stringify(z.toJSONSchema(fileSchema, { io: 'input', target: 'draft-7' }), null, 2)}\n`;
}
