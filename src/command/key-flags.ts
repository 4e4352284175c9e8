import type { RequestView } from '../protocol/request.ts';
import { argIs } from './argument.ts';
import type { Command, KeySpecData } from './data.ts';

/** Marks of a key spec that say something of the spec, not of how the command uses the key. */
const NOT_USAGE = new Set(['variable_flags', 'incomplete', 'not_key']);

const READS = ['RO', 'access'];
const OVERWRITES = ['OW', 'update'];
const CHANGES = ['RW', 'access', 'update'];

/** Options of BITFIELD with their number of values. */
const BITFIELD_VALUES: readonly (readonly [word: string, values: number, reads: boolean])[] = [
  ['get', 2, true],
  ['overflow', 1, true],
  ['set', 3, false],
  ['incrby', 3, false],
];

/** Commands that use their key in a way that depends on the arguments (`variable_flags`). */
const VARIABLE: ReadonlyMap<string, (view: RequestView) => readonly string[]> = new Map([
  ['set', setFlags],
  ['bitfield', bitfieldFlags],
]);

/** How the command uses the key that is its argument `index`, in the words of COMMAND GETKEYSANDFLAGS. */
export function keyFlags(command: Command, view: RequestView, index: number): readonly string[] {
  const variable = VARIABLE.get(command.name);
  if (variable !== undefined) return variable(view);
  // Specs stand in the order of their keys: a key belongs to the last one that begins before it.
  const spec = command.specs.findLast((candidate) => beginOf(candidate) <= index);
  return spec === undefined ? [] : spec.flags.filter((flag) => !NOT_USAGE.has(flag));
}

function beginOf({ begin_search: begin }: KeySpecData): number {
  if (begin.type === 'index') return begin.spec.index;
  // Options stand behind the first key (SORT … STORE is `unknown`, GEORADIUS … STORE a keyword).
  return begin.type === 'keyword' ? Math.max(begin.spec.startfrom, 1) : 2;
}

function setFlags(view: RequestView): readonly string[] {
  for (let i = 3; i < view.argc; i++) {
    if (argIs(view, i, 'get')) return CHANGES;
  }
  return OVERWRITES;
}

function bitfieldFlags(view: RequestView): readonly string[] {
  for (let i = 2; i < view.argc; i++) {
    const option = BITFIELD_VALUES.find(([word, values]) => argIs(view, i, word) && i + values < view.argc);
    if (option === undefined || !option[2]) return CHANGES;
    i += option[1];
  }
  return READS;
}
