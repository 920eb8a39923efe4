import { FunctionsHostError } from './errors.ts';
import { literalPattern } from './literal-pattern.ts';

export type RouteParameters = Readonly<Record<string, string>>;

/** A route template of an HTTP trigger, such as `v2/{name}/blobs/{digest?}` or `v2/{*rest}`. */
export interface Route {
  /** Sorts before the rank of a less specific route: literals, then parameters, then catch-all. */
  readonly rank: string;
  /** The parameters when the decoded path (without its first slash) fits, else `undefined`. */
  match(path: string): RouteParameters | undefined;
}

interface Segment {
  readonly rank: string;
  readonly pattern: string;
  readonly names: readonly string[];
}

/**
 * Parses a route template with ASP.NET Core's rules: literals match without case, `{name}` one segment or a part of it,
 * `{name?}` may be missing at the end, `{*name}` takes the rest, slashes included, also one at the end. Constraints (`{id:int}`) are read
 * over. Throws `E_BINDING` for a template that cannot be read.
 */
export function parseRoute(template: string): Route {
  const texts = template.split('/').filter((text) => text !== '');
  const segments = texts.map((text, index) => parseSegment(text, index === texts.length - 1, template));
  const names = segments.flatMap((segment) => segment.names);
  if (new Set(names).size !== names.length) throw malformed(template, 'a parameter is there twice');
  const pattern = segments.map((segment) => segment.pattern).join('');
  const whole = new RegExp(`^${pattern}/?$`, 'is');
  return {
    rank: segments.map((segment) => segment.rank).join(''),
    match: (path) => {
      const values = whole.exec(path === '' ? '' : `/${path}`);
      if (values === null) return undefined;
      const found = names.map((name, index) => [name, values[index + 1] ?? ''] as const);
      return Object.fromEntries(found.filter(([, value]) => value !== ''));
    },
  };
}

function parseSegment(text: string, isLast: boolean, template: string): Segment {
  const whole = /^\{(\*{0,2})([^{}:=?*]+)(?::[^{}]*?)?(\??)\}$/.exec(text);
  if (whole !== null) {
    const [, stars = '', name = '', optional = ''] = whole;
    if ((stars !== '' || optional !== '') && !isLast)
      throw malformed(template, `${text} must be its last part`);
    if (stars !== '') return { rank: '4', pattern: '(?:/(.*))?', names: [name] };
    return optional === ''
      ? { rank: '2', pattern: '/([^/]+)', names: [name] }
      : { rank: '3', pattern: '(?:/([^/]+))?', names: [name] };
  }
  const names: string[] = [];
  let pattern = '/';
  for (const [token, name] of text.matchAll(/\{([^{}:=?*]+)(?::[^{}]*)?\}|[{}]|[^{}]+/g)) {
    if (token === '{' || token === '}') throw malformed(template, `${text} cannot be read`);
    if (name !== undefined) names.push(name);
    pattern += name === undefined ? literalPattern(token) : '([^/]+?)';
  }
  return { rank: names.length === 0 ? '0' : '1', pattern, names };
}

/**
 * Decodes the path of a request for matching, without its first slash. An encoded slash stays encoded, so that it
 * cannot change which segment is which. `undefined` when the encoding is broken.
 */
export function decodePath(path: string): string | undefined {
  try {
    return path.replace(/^\//, '').split(/%2f/i).map(decodeURIComponent).join('%2F');
  } catch {
    return undefined;
  }
}

function malformed(template: string, why: string): FunctionsHostError {
  return new FunctionsHostError('E_BINDING', `"${template}" is not a route: ${why}`);
}
