/** The secrets that an `Authorization` header holds, in every form in which an answer could repeat them. */
export function secretsIn(authorization: string | undefined): readonly string[] {
  const [, scheme, value] = /^(Basic|Bearer) (.+)$/.exec(authorization ?? '') ?? [];
  if (value === undefined) return [];
  if (scheme === 'Bearer') return [value];
  const login = Buffer.from(value, 'base64').toString('utf8');
  return [value, login.slice(login.indexOf(':') + 1)];
}
