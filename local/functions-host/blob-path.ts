import { FunctionsHostError } from './errors.ts';
import { literalPattern } from './literal-pattern.ts';

/** The `path` of a blob trigger, such as `transfer/in/{name}.tar`. */
export interface BlobPathPattern {
  readonly container: string;
  /** What every matching blob's name starts with: narrows the listing. */
  readonly prefix: string;
  /** The values of the parameters when the blob's name matches, else `undefined`. */
  match(blobName: string): Record<string, string> | undefined;
}

/**
 * Parses a blob path as the Functions host does: a container without parameters, then the blob's name with parameters
 * in braces, each of which takes as much as it can, also over slashes. `{{` and `}}` stand for the braces themselves.
 * A path that is only a container matches every blob in it. Throws `E_BINDING` for anything else.
 */
export function parseBlobPath(path: string): BlobPathPattern {
  const slash = path.indexOf('/');
  const container = slash < 0 ? path : path.slice(0, slash);
  if (!/^(\$root|\$logs|[a-z0-9](?:-?[a-z0-9])+)$/.test(container)) {
    throw malformed(path, 'expected it to start with the name of a container, without parameters');
  }
  if (slash < 0) return { container, prefix: '', match: () => ({}) };

  let prefix: string | undefined;
  let literal = '';
  let pattern = '';
  const names: string[] = [];
  for (const [token, name] of path.slice(slash + 1).matchAll(/\{\{|\}\}|\{([^{}]+)\}|[{}]|[^{}]+/g)) {
    if (name !== undefined) {
      if (!/^[A-Za-z_]\w*$/.test(name)) throw malformed(path, `{${name}} is not a parameter name`);
      if (names.includes(name)) throw malformed(path, `{${name}} is there twice`);
      prefix ??= literal;
      names.push(name);
      pattern += '(.*)';
    } else {
      if (token === '{' || token === '}') throw malformed(path, `unmatched "${token}"`);
      const text = token.replace(/^(\{\{|\}\})$/, (brace) => brace.charAt(0));
      literal += text;
      pattern += literalPattern(text);
    }
  }
  const whole = new RegExp(`^${pattern}$`, 's');
  return {
    container,
    prefix: prefix ?? literal,
    match: (blobName) => {
      const values = whole.exec(blobName);
      return values === null
        ? undefined
        : Object.fromEntries(names.map((name, index) => [name, values[index + 1] ?? '']));
    },
  };
}

function malformed(path: string, why: string): FunctionsHostError {
  return new FunctionsHostError('E_BINDING', `"${path}" is not a blob path: ${why}`);
}
