/** Query parameters that distribution-spec and the token flow define and that hold no secret. */
const SHOWN = new Set(['n', 'last', 'digest', 'mount', 'from', 'service', 'scope', 'artifactType']);

/** A URL fit for messages and logs: no user info, no fragment, and only query values known to be harmless. */
export function redactUrl({ origin, pathname, searchParams }: URL): string {
  const query = [...searchParams].map(([name, value]) => `${name}=${SHOWN.has(name) ? value : 'REDACTED'}`);
  return `${origin}${pathname}${query.length > 0 ? `?${query.join('&')}` : ''}`;
}
