/**
 * Whether the table service refused with one of these codes ("Table service error codes"). Looked for by shape:
 * the error's class would mean loading the SDK to ask.
 */
export function hasTableError(error: unknown, ...codes: readonly string[]): boolean {
  if (!(error instanceof Error) || !('details' in error)) return false;
  const code = property(property(error.details, 'odataError'), 'code');
  return typeof code === 'string' && codes.includes(code);
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
