import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLError,
  type YAMLMap,
} from 'yaml';

/** The keys and positions that lead to a value, from the top of the file. */
export type ValuePath = readonly PropertyKey[];

export interface YamlText {
  /** The file as plain data; `undefined` when it cannot be read as such. */
  readonly value: unknown;
  /** What is wrong with the file as YAML. */
  readonly problems: readonly YamlProblem[];
  /** Offset of a value, or of the last key of its path; if the file has no such value, of the nearest that encloses it. */
  offsetOf(path: ValuePath, end: 'key' | 'value'): number;
  /** An offset for people: `file:line:column`, both counted from 1. */
  where(offset: number): string;
}

export interface YamlProblem {
  readonly offset: number;
  readonly message: string;
}

/** Far more than a configuration written by people needs, far too few to fill the memory. */
const MAX_ALIASES = 100;

/** Reads YAML 1.2 with the position of every value. Problems of the text are returned, not thrown. */
export function readYaml(text: string, fileName: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    // The parser would compare each key with every other one of its mapping.
    uniqueKeys: false,
  });
  const { targets, dangling } = resolveAliases(document);
  const problems = [...findSyntaxProblems(document), ...findRepeatedKeys(document), ...dangling];
  const pairs = new Map<YAMLMap, ReadonlyMap<string, Pair>>();
  let value: unknown;
  // A key given twice leaves the rest of the file meaningful; after other errors it is guesswork.
  if (dangling.length === 0 && document.errors.length === 0) {
    try {
      value = document.toJS({ maxAliasCount: MAX_ALIASES });
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error;
      problems.push({
        offset: 0,
        message: `too many aliases (*): at most ${MAX_ALIASES} are resolved`,
      });
    }
  }
  return {
    value,
    problems,
    offsetOf,
    where(offset) {
      const { line, col } = lines.linePos(offset);
      return `${fileName}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
    },
  };

  function offsetOf(path: ValuePath, end: 'key' | 'value'): number {
    let node: Node | null | undefined = document.contents;
    let offset = startOf(node) ?? 0;
    for (const [depth, step] of path.entries()) {
      if (isAlias(node)) node = targets.get(node);
      let key: unknown;
      if (isMap(node)) {
        const byKey: ReadonlyMap<string, Pair> = pairs.get(node) ?? pairsByKey(node);
        pairs.set(node, byKey);
        const pair = byKey.get(String(step));
        key = pair?.key;
        node = isNode(pair?.value) ? pair.value : undefined;
      } else if (isSeq(node)) {
        const item: unknown = node.items[Number(step)];
        node = isNode(item) ? item : undefined;
      } else {
        node = undefined;
      }
      const wantsKey = end === 'key' && depth === path.length - 1;
      const found = wantsKey ? startOf(key) : (startOf(node) ?? startOf(key));
      if (found === undefined) return offset;
      offset = found;
    }
    return offset;
  }
}

function findSyntaxProblems(document: Document.Parsed): YamlProblem[] {
  const tooDeep = document.errors.find(({ code }) => code === 'RESOURCE_EXHAUSTION');
  if (tooDeep) return [{ offset: tooDeep.pos[0], message: 'nested too deeply' }];
  return [...document.errors, ...document.warnings].map((error) => ({
    offset: error.pos[0],
    message: sentenceOf(error),
  }));
}

const DANGLING_ALIAS =
  'the alias (*) has no anchor (&) before it; text that begins with * is put in quotes, as in "*-alpine"';

/** The node of each alias. Found once for all: looking for one alias walks through the document. */
function resolveAliases(document: Document.Parsed) {
  const anchored = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  const dangling: YamlProblem[] = [];
  visit(document, {
    Node(_, node) {
      if (isAlias(node)) {
        const target = anchored.get(node.source);
        if (target) targets.set(node, target);
        else dangling.push({ offset: startOf(node) ?? 0, message: DANGLING_ALIAS });
      } else if (node.anchor) anchored.set(node.anchor, node);
    },
  });
  return { targets, dangling };
}

function findRepeatedKeys(document: Document.Parsed): YamlProblem[] {
  const problems: YamlProblem[] = [];
  visit(document, {
    Map(_, { items }) {
      const keys = new Set<string>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (keys.has(name))
          problems.push({
            offset: startOf(key) ?? 0,
            message: 'the key is given twice in the same mapping',
          });
        keys.add(name);
      }
    },
  });
  return problems;
}

/** The parser's sentence without what it quotes from the file, which may be a secret in the wrong place. */
function sentenceOf({ code, message }: YAMLError): string {
  if (code === 'MULTIPLE_DOCS') return 'expected one document, found a second one after "---"';
  return `not valid YAML: ${message.split(': ', 1)[0]}`;
}

/** Of those with the same key, the last: the one whose value counts. */
function pairsByKey({ items }: YAMLMap): ReadonlyMap<string, Pair> {
  return new Map(items.flatMap((pair) => (isScalar(pair.key) ? [[String(pair.key.value), pair]] : [])));
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
