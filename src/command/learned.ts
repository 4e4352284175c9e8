import { elementsOf, headerNumber, isInteger, payloadOf } from '../protocol/element.ts';
import type { Command, KeySpecData } from './data.ts';
import type { CommandRow } from './row.ts';
import { makeRow, OTHER_ID } from './table.ts';

/** A reply of RESP2 taken apart: bulks and lines are text, nulls null. */
type Value = string | number | null | readonly Value[];

/**
 * The row of a command that keyfan does not know and a node does, from the node's answer to `COMMAND INFO name` in RESP2; null where the
 * node does not know it either. Its keys are where the node says; where it does not say, the command is refused. Unless it is flagged
 * `readonly` it counts as a write.
 */
export function learnedRow(reply: Buffer): CommandRow | null {
  const [info] = asList(valueOf(reply));
  const [name, arity, flags, first, last, step, , , specs] = asList(info ?? null);
  if (typeof name !== 'string' || typeof arity !== 'number') return null;
  const range = [first, last, step].map(Number) as [number, number, number];
  const told = asList(specs ?? null).map(specOf);
  const command: Command = {
    name: name.toLowerCase(),
    arity,
    flags: asList(flags ?? null).map(String),
    range,
    acl: [],
    tips: [],
    specs: told.length > 0 || range[0] <= 0 ? told : [specOfRange(range)],
    subcommands: [],
  };
  try {
    return makeRow(command, OTHER_ID);
  } catch {
    // Keys in a place that no command known so far has them in: as if the node had said nothing.
    return makeRow({ ...command, specs: [] }, OTHER_ID);
  }
}

function valueOf(element: Buffer): Value {
  if (isInteger(element, 0)) return headerNumber(element, 0);
  const elements = elementsOf(element);
  if (elements !== null) return elements.map(valueOf);
  return element.toString('latin1', 1, 3) === '-1' ? null : payloadOf(element).toString('latin1');
}

function asList(value: Value): readonly Value[] {
  return Array.isArray(value) ? value : [];
}

/** Names and values in turn, as an object. */
function asMap(value: Value): Readonly<Record<string, Value>> {
  const members = asList(value);
  return Object.fromEntries(members.flatMap((name, i) => (i % 2 === 0 ? [[String(name), members[i + 1] ?? null]] : [])));
}

/** A node's words for a key spec are those of the table; what is not is found out by `keySpecOf`. */
function specOf(value: Value): KeySpecData {
  const { flags, begin_search, find_keys } = asMap(value);
  const part = (map: Value): unknown => {
    const { type, spec } = asMap(map);
    return { type, spec: asMap(spec ?? null) };
  };
  return {
    flags: asList(flags ?? null).map(String),
    begin_search: part(begin_search ?? null),
    find_keys: part(find_keys ?? null),
  } as KeySpecData;
}

/** Nodes before Redis 7 tell first key, last key and step only. */
function specOfRange([first, last, step]: readonly [number, number, number]): KeySpecData {
  return {
    flags: [],
    begin_search: { type: 'index', spec: { index: first } },
    find_keys: { type: 'range', spec: { lastkey: last < 0 ? last : last - first, keystep: step, limit: 0 } },
  };
}
