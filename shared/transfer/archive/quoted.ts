const MAX_SHOWN = 200;

/** A name from an archive for a message: quoted, control characters escaped, not longer than is useful. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}…` : name);
}
