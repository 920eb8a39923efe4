/** A time in ISO 8601 as tables show it: `2026-03-01 12:00:00Z`. */
export function shortTime(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')}Z`;
}
