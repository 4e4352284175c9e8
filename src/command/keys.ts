import type { RequestView } from '../protocol/request.ts';
import { argEnd, argStart } from '../protocol/request.ts';
import { argCount, argIs } from './argument.ts';
import type { CommandRow, KeySpec, Valued } from './row.ts';

/** MIGRATE host port key|"" db timeout [options] */
const MIGRATE_KEY = 3;
const MIGRATE_OPTIONS = 6;
/** Options of MIGRATE with values; a value is never an option itself. */
const MIGRATE_VALUED = [
  ['auth', 1],
  ['auth2', 2],
] as const;

/** Argument indexes of keys. Reusable: `clear` keeps the memory. */
export class KeyList {
  at = new Int32Array(16);
  count = 0;

  clear(): void {
    this.count = 0;
  }

  push(index: number): void {
    if (this.count === this.at.length) {
      const grown = new Int32Array(this.at.length * 2);
      grown.set(this.at);
      this.at = grown;
    }
    this.at[this.count++] = index;
  }
}

/**
 * Writes the argument indexes of all keys to `out` and returns how many there are, or -1 where the arguments are not those
 * of a valid request (`out` is empty then). Such a request never runs: whichever node gets it answers with its own error.
 * Expects that `arityOk` holds.
 */
export function collectKeys(row: CommandRow, view: RequestView, out: KeyList): number {
  out.clear();
  const count = collect(row.keys, view, out);
  if (count < 0) out.clear();
  return count;
}

function collect(spec: KeySpec, view: RequestView, out: KeyList): number {
  switch (spec.kind) {
    case 'none':
      return 0;
    case 'range': {
      const last = spec.last < 0 ? view.argc + spec.last : spec.last;
      return pushRange(spec.first, last, spec.step, view, out);
    }
    case 'numkeys':
      return collectCounted(spec, view, out);
    case 'keyword': {
      const first = findWord(spec, view) + 1;
      if (first === 0) return -1;
      const behind = view.argc - first;
      return pushRange(first, first + (spec.half ? behind >> 1 : behind) - 1, 1, view, out);
    }
    case 'options':
      return collectOptions(spec, view, out);
    case 'migrate':
      return collectMigrate(view, out);
  }
}

function pushRange(first: number, last: number, step: number, view: RequestView, out: KeyList): number {
  if (last < first || last >= view.argc) return -1;
  for (let i = first; i <= last; i += step) out.push(i);
  return out.count;
}

function collectCounted(spec: KeySpec & { kind: 'numkeys' }, view: RequestView, out: KeyList): number {
  if (spec.countAt >= view.argc) return -1;
  const count = argCount(view, spec.countAt);
  if (count < 0 || (count === 0 && !spec.mayBeZero)) return -1;
  // Each key with what belongs to it (MSETEX: its value) must be there: checked before anything is written.
  if (spec.first + count * spec.step > view.argc) return -1;
  for (const index of spec.lead) out.push(index);
  for (let k = 0; k < count; k++) out.push(spec.first + k * spec.step);
  return out.count;
}

/** Index of the keyword, which must have something behind it, or -1. */
function findWord(spec: KeySpec & { kind: 'keyword' }, view: RequestView): number {
  for (let i = spec.from; i < view.argc - 1; i++) {
    if (argIs(view, i, spec.word)) return i;
    i += valuesOf(view, i, spec.valued);
  }
  return -1;
}

/**
 * Keys named by options. Differs from Redis' COMMAND GETKEYS where an option is given twice or a stored key is called like
 * an option: Redis' key finder and its command disagree there, and what is written is what must be routed right.
 */
function collectOptions(spec: KeySpec & { kind: 'options' }, view: RequestView, out: KeyList): number {
  if (collect(spec.base, view, out) < 0) return -1;
  const found = out.count;
  for (let w = 0; w < spec.words.length; w++) {
    const index = lastValueOf(spec, spec.words[w] as string, view);
    if (index > 0) out.push(index);
  }
  return found === 0 ? -1 : out.count;
}

/** Index of the value of the last option `word`, or 0. */
function lastValueOf(spec: KeySpec & { kind: 'options' }, word: string, view: RequestView): number {
  let value = 0;
  for (let i = spec.from; i < view.argc; i++) {
    if (isAny(view, i, spec.words)) {
      if (i + 1 < view.argc && argIs(view, i, word)) value = i + 1;
      i++;
    } else {
      i += valuesOf(view, i, spec.valued);
    }
  }
  return value;
}

function isAny(view: RequestView, i: number, words: readonly string[]): boolean {
  for (const word of words) {
    if (argIs(view, i, word)) return true;
  }
  return false;
}

/** How many values follow argument `i` if it is one of the options `valued`. */
function valuesOf(view: RequestView, i: number, valued: Valued): number {
  for (const [word, values] of valued) {
    if (argIs(view, i, word)) return values;
  }
  return 0;
}

function collectMigrate(view: RequestView, out: KeyList): number {
  const single = argEnd(view, MIGRATE_KEY) > argStart(view, MIGRATE_KEY);
  for (let i = MIGRATE_OPTIONS; i < view.argc - 1; i++) {
    if (argIs(view, i, 'keys')) return single ? -1 : pushRange(i + 1, view.argc - 1, 1, view, out);
    i += valuesOf(view, i, MIGRATE_VALUED);
  }
  return pushRange(MIGRATE_KEY, MIGRATE_KEY, 1, view, out);
}
