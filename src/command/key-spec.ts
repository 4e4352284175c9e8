import type { Command, KeySpecData } from './data.ts';
import type { KeySpec } from './row.ts';

const NO_KEYS: KeySpec = { kind: 'none' };

const first = (index: number): KeySpec => ({ kind: 'range', first: index, last: index, step: 1 });

/** GEORADIUS: the options begin behind `GEORADIUS key longitude latitude radius`, one earlier for GEORADIUSBYMEMBER. */
const geoStore = (from: number): KeySpec => ({
  kind: 'options',
  base: first(1),
  words: ['store', 'storedist'],
  valued: [['count', 1]],
  from,
});

/**
 * Commands whose key specs do not say where the keys are (`unknown`, `incomplete`) or only in the common case.
 * Redis has a function for most of them, too.
 */
const BY_HAND: ReadonlyMap<string, KeySpec> = new Map<string, KeySpec>([
  [
    'sort',
    {
      kind: 'options',
      base: first(1),
      words: ['store'],
      valued: [
        ['by', 1],
        ['get', 1],
        ['limit', 2],
      ],
      from: 2,
    },
  ],
  // SORT_RO has no STORE; its second spec stands for the patterns, which name no key of the request.
  ['sort_ro', first(1)],
  ['georadius', geoStore(5)],
  ['georadiusbymember', geoStore(4)],
  ['migrate', { kind: 'migrate' }],
  // Options may stand before GROUP, and a group may be called `streams`: Redis' key spec takes that for the keyword.
  ['xreadgroup', { kind: 'keyword', word: 'streams', from: 1, half: true, valued: [['group', 2]] }],
]);

/** keyfan's way to find a command's keys, derived from Redis' key specs. Throws where they have a form not met before. */
export function keySpecOf(command: Command): KeySpec {
  const byHand = BY_HAND.get(command.name);
  if (byHand !== undefined) return byHand;
  // A spec marked `not_key` describes channels.
  const specs = command.specs.filter((spec) => !spec.flags.includes('not_key'));
  const ranges = specs.filter(isIndexRange).map(rangeOf);
  const last = specs.at(-1);
  if (last === undefined) return NO_KEYS;
  if (ranges.length === specs.length) return joined(command.name, ranges);
  if (ranges.length === specs.length - 1) {
    if (last.begin_search.type === 'index' && last.find_keys.type === 'keynum') return numkeysOf(command, last, ranges);
    if (ranges.length === 0 && last.begin_search.type === 'keyword') return keywordOf(command.name, last);
  }
  throw new Error(`command '${command.name}' has key specs of an unknown form`);
}

/** Index of the only key where there is always exactly one at a fixed place, else 0. */
export function soleKeyOf(spec: KeySpec): number {
  return spec.kind === 'range' && spec.first === spec.last ? spec.first : 0;
}

interface Range {
  readonly kind: 'range';
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

const isIndexRange = (spec: KeySpecData): boolean => spec.begin_search.type === 'index' && spec.find_keys.type === 'range';

function rangeOf({ begin_search: begin, find_keys: find }: KeySpecData): Range {
  if (begin.type !== 'index' || find.type !== 'range') throw new Error('not an index range');
  const { lastkey, keystep } = find.spec;
  return { kind: 'range', first: begin.spec.index, last: lastkey < 0 ? lastkey : begin.spec.index + lastkey, step: keystep };
}

/** RENAME and the like: one spec for each key, because the keys are used differently; for routing they are one range. */
function joined(name: string, ranges: readonly Range[]): KeySpec {
  return ranges.reduce((left, right) => {
    if (right.first !== left.last + 1 || left.step !== 1 || right.step !== 1)
      throw new Error(`command '${name}' has keys that are no range`);
    return { kind: 'range', first: left.first, last: right.last, step: 1 };
  });
}

function numkeysOf(command: Command, spec: KeySpecData, lead: readonly Range[]): KeySpec {
  const { begin_search: begin, find_keys: find } = spec;
  if (begin.type !== 'index' || find.type !== 'keynum' || lead.some((range) => range.first !== range.last)) {
    throw new Error(`command '${command.name}' has key specs of an unknown form`);
  }
  return {
    kind: 'numkeys',
    countAt: begin.spec.index + find.spec.keynumidx,
    first: begin.spec.index + find.spec.firstkey,
    step: find.spec.keystep,
    lead: lead.map((range) => range.first),
    mayBeZero: command.flags.includes('no_mandatory_keys'),
  };
}

function keywordOf(name: string, { begin_search: begin, find_keys: find }: KeySpecData): KeySpec {
  if (begin.type !== 'keyword' || find.type !== 'range' || find.spec.lastkey !== -1 || find.spec.limit > 2) {
    throw new Error(`command '${name}' has key specs of an unknown form`);
  }
  return { kind: 'keyword', word: begin.spec.keyword.toLowerCase(), from: begin.spec.startfrom, half: find.spec.limit === 2, valued: [] };
}
