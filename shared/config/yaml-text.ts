import {
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
} from 'yaml';

/** The keys and positions that lead to a value, from the top of the file. */
export type ValuePath = readonly PropertyKey[];

export interface YamlText {
  /** The file as plain data; `undefined` when it cannot be read as such. */
  readonly value: unknown;
  /** What is wrong with the file as YAML. */
  readonly problems: readonly YamlProblem[];
  /** Where a value stands, or the last key of its path; when the file has no such thing, what is nearest around it. */
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

/** Reads YAML 1.2 and remembers where everything stands. Throws nothing that comes of the text. */
export function readYaml(text: string, fileName: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const dangling = findDanglingAliases(document);
  const problems = [...findSyntaxProblems(document), ...dangling];
  let value: unknown;
  // A key given twice leaves the rest of the file meaningful; after other errors it is guesswork.
  if (dangling.length === 0 && document.errors.every(({ code }) => code === 'DUPLICATE_KEY')) {
    try {
      value = document.toJS({ maxAliasCount: MAX_ALIASES });
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error;
      problems.push({
        offset: 0,
        message: `aliases (*) stand for too much: at most ${MAX_ALIASES} are resolved`,
      });
    }
  }
  return {
    value,
    problems,
    offsetOf: (path, end) => offsetOf(document, path, end),
    where(offset) {
      const { line, col } = lines.linePos(offset);
      return `${fileName}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
    },
  };
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

function findDanglingAliases(document: Document.Parsed): YamlProblem[] {
  const anchors = new Set<string>();
  const problems: YamlProblem[] = [];
  visit(document, {
    Node(_, node) {
      if (isAlias(node)) {
        if (!anchors.has(node.source)) problems.push({ offset: startOf(node) ?? 0, message: DANGLING_ALIAS });
      } else if (node.anchor) anchors.add(node.anchor);
    },
  });
  return problems;
}

/** The parser's sentence without what it quotes from the file, which may be a secret in the wrong place. */
function sentenceOf({ code, message }: YAMLError): string {
  if (code === 'DUPLICATE_KEY') return 'the key is given twice in the same mapping';
  if (code === 'MULTIPLE_DOCS') return 'expected one document, found a second one after "---"';
  return `not valid YAML: ${message.split(': ', 1)[0]}`;
}

function offsetOf(document: Document.Parsed, path: ValuePath, end: 'key' | 'value'): number {
  let node: Node | null | undefined = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    let key: unknown;
    if (isMap(node)) {
      const pair: Pair<unknown, unknown> | undefined = node.items.find(
        (item) => isScalar(item.key) && String(item.key.value) === String(step),
      );
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

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
