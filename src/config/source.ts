/**
 * YAML text → plain values, with the place of every key and value kept, so that a problem can point at it.
 *
 *   text ── yaml ──▶ document ── read ──▶ value + places + problems
 *                                 │ aliases resolved, duplicate keys found, ${ENV} filled in
 */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
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
    for (const error of [...this.#doc.errors, ...this.#doc.warnings]) this.#report(error.pos[0], [], error.message);
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
      // Defined, not assigned: `__proto__` is a key like any other.
      Object.defineProperty(result, name, { value: read, enumerable: true, configurable: true, writable: true });
    }
    return result;
  }

  #fill(text: string, offset: number, path: Path): string | undefined {
    const { value, missing } = interpolate(text, this.#env);
    for (const name of missing) this.#report(offset, path, `environment variable ${name} is not set`);
    return missing.length > 0 ? undefined : value;
  }
}

function keyOf(path: Path): string {
  return JSON.stringify(path);
}
