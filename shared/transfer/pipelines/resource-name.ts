import * as z from 'zod';

/** Names of pipelines and runs, as in ACR. */
const RESOURCE_NAME = /^[A-Za-z0-9]{5,50}$/;

export const resourceNameSchema = z
  .string()
  .regex(RESOURCE_NAME, 'expected a name of 5 to 50 letters and digits');

export function isResourceName(text: string): boolean {
  return RESOURCE_NAME.test(text);
}
