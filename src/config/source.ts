/**
 * YAML text → plain values, with the place of every key and value kept, so that a problem can point at it.
 *
 *   text ── yaml ──▶ document ── read ──▶ value + places + problems
 *                                 │ aliases resolved, duplicate keys found, ${ENV} filled in
 */
import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
} from 'yaml';
import { type Environment, interpolate } from './interpolate.ts';
import { formatPath, type Path, type Problem } from './problem.ts';

interface Place {
  readonly key: number | undefined;
  readonly value: number;
  readonly scalar: boolean;
}

/** Aliases may repeat parts, but not multiply without end. */
const NODES_MAX = 100_000;

export class Source {
  readonly file: string;
  readonly value: unknown;
  readonly problems: Problem[] = [];
  readonly #lines = new LineCounter();
  readonly #doc: Document.Parsed;
  readonly #places = new Map<string, Place>();
  readonly #env: Environment;
  readonly #open = new Set<Node>();
  #nodes = 0;

  constructor(text: string, file: string, env: Environment) {
    this.file = file;
    this.#env = env;
    this.#doc = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: false, stringKeys: true });
    for (const error of [...this.#doc.errors, ...this.#doc.warnings]) this.#report(error.pos[0], [], wordsOf(error));
    this.value = this.problems.length > 0 ? undefined : this.#read(this.#doc.contents, []);
  }

  /** A problem at the place of `path`, or of its nearest ancestor that was written. */
  problem(path: Path, message: string, atKey = false): Problem {
    for (let length = path.length; length > 0; length--) {
      const place = this.#places.get(keyOf(path.slice(0, length)));
      if (!place) continue;
      const offset = place.key !== undefined && (atKey || !place.scalar) ? place.key : place.value;
      return this.#at(offset, path, message);
    }
    return this.#at(0, path, message);
  }

  #at(offset: number, path: Path, message: string): Problem {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.file, line: Math.max(line, 1), column: Math.max(col, 1), path: formatPath(path), message };
  }

  #report(offset: number, path: Path, message: string): void {
    this.problems.push(this.#at(offset, path, message.replace(/\s+/g, ' ').trim()));
  }

  #read(node: Node | null, path: Path): unknown {
    if (node === null) return undefined;
    const start = node.range?.[0] ?? 0;
    if (!this.#places.has(keyOf(path))) this.#places.set(keyOf(path), { key: undefined, value: start, scalar: isScalar(node) });
    if (++this.#nodes > NODES_MAX) {
      if (this.#nodes === NODES_MAX + 1) this.#report(start, path, `the configuration has more than ${NODES_MAX} values`);
      return undefined;
    }
    if (isAlias(node)) {
      const target = node.resolve(this.#doc);
      if (target && !this.#open.has(target)) return this.#read(target, path);
      this.#report(start, path, target ? 'the alias stands inside what it refers to' : 'the alias refers to nothing');
      return undefined;
    }
    if (isScalar(node)) return typeof node.value === 'string' ? this.#fill(node.value, start, path) : (node.value ?? undefined);

    this.#open.add(node);
    const value = isMap(node) ? this.#readMap(node.items as Pair<Node, Node | null>[], path) : this.#readList(node, path);
    this.#open.delete(node);
    return value;
  }

  #readList(node: Node, path: Path): unknown[] {
    return isSeq(node) ? node.items.map((item, index) => this.#read(item as Node, [...path, index])) : [];
  }

  #readMap(pairs: readonly Pair<Node, Node | null>[], path: Path): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const { key, value } of pairs) {
      const name = isScalar(key) ? String(key.value) : '';
      const offset = key.range?.[0] ?? 0;
      const here = [...path, name];
      const first = this.#places.get(keyOf(here));
      if (Object.hasOwn(result, name)) {
        this.#report(offset, here, `is there twice; first in line ${this.#lines.linePos(first?.key ?? 0).line}`);
        continue;
      }
      this.#places.set(keyOf(here), { key: offset, value: value?.range?.[0] ?? offset, scalar: isScalar(value) });
      const read = this.#read(value, here);
      if (NEVER_NOTHING.test(name) && this.#isNothing(value)) this.#report(value?.range?.[0] ?? offset, here, NOTHING);
      // Defined, not assigned: `__proto__` is a key like any other.
      Object.defineProperty(result, name, { value: read, enumerable: true, configurable: true, writable: true });
    }
    return result;
  }

  /** An alias is what it refers to. */
  #isNothing(value: Node | null): boolean {
    const node = isAlias(value) ? value.resolve(this.#doc) : value;
    return node === null || (isScalar(node) && node.value === null);
  }

  #fill(text: string, offset: number, path: Path): string | undefined {
    const { value, missing, malformed } = interpolate(text, this.#env);
    for (const name of missing) this.#report(offset, path, `environment variable ${name} is not set`);
    if (malformed) this.#report(offset, path, MALFORMED);
    return missing.length > 0 || malformed ? undefined : value;
  }
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration writes variables the same way
const MALFORMED = 'has a ${ that begins no ${NAME} and no ${NAME:-default}; $${ stands for a plain one';
/** What is written and comes to nothing; a node or a pool without the password that was meant would be an open one, a node without its weight another ring. */
const NEVER_NOTHING = /^weight$|(^|_)(username|password)$/;
const NOTHING = 'has no value: what begins with #, & or ! means something else in YAML; put it in quotes';

/** yaml's words for what has more helpful ones. */
const WORDS: Readonly<Partial<Record<ErrorCode, string>>> = {
  TAG_RESOLVE_FAILED: 'what begins with ! is a tag in YAML; put it in quotes',
  BAD_DQ_ESCAPE: 'YAML does not know this escape sequence; put it in single quotes',
  MULTIPLE_DOCS: 'a second document begins here; a configuration is one',
};

/** Without what yaml quotes: it may be a secret. */
function wordsOf({ code, message }: YAMLError): string {
  return WORDS[code] ?? (message.split(': ', 1)[0] as string);
}

function keyOf(path: Path): string {
  return JSON.stringify(path);
}
