import { elementsOf, headerNumber, isInteger, payloadOf } from '../protocol/element.ts';
import { arrayReply, bulkReply, integerReply, mapReply } from '../protocol/encode.ts';
import { isKeyspace } from './keyspace.ts';

type Parts = readonly Buffer[];

/** Merges of replies that all nodes give to the same request; see `Merge`. */
export const FLEET_MERGES = {
  /** One list of all (KEYS). */
  concat: (parts: Parts) => combined(parts, (all) => all),
  /** Each element once (PUBSUB CHANNELS). */
  union: (parts: Parts) => combined(parts, distinct),
  /** LASTSAVE, WAIT: what holds for all nodes. */
  min: (parts: Parts) => reduced(parts, Math.min),
  /** PUBSUB NUMPAT: a pattern is known to all nodes, or to none. */
  max: (parts: Parts) => reduced(parts, Math.max),
  /** Lists of integers, place by place (SCRIPT EXISTS, WAITAOF). */
  min_each: (parts: Parts) => eachPlace(parts, (places) => reduced(places, Math.min)),
  /** Channels and counts in turn (PUBSUB NUMSUB); those of keyspace notifications are subscribed to on all nodes. */
  subscribers: (parts: Parts) =>
    eachPlace(parts, (places, i, before) => (i % 2 === 0 ? (places[0] as Buffer) : subscribers(places, before))),
  /** All did it, each in its own words (BGSAVE). */
  first: (parts: Parts) => parts[0] as Buffer,
  /** One that did it is enough (SCRIPT KILL). */
  killed: (parts: Parts) => parts[0] as Buffer,
  /** Streams with their entries, where there are any (XREAD). */
  streams: mergeStreams,
  /** Names and values in turn; where nodes differ, `NODE=VALUE` for each (CONFIG GET). */
  joined: mergeJoined,
} as const;

function reduced(parts: Parts, pick: (a: number, b: number) => number): Buffer | null {
  if (!parts.every((part) => isInteger(part, 0))) return null;
  return integerReply(parts.map((part) => headerNumber(part, 0)).reduce((a, b) => pick(a, b)));
}

function combined(parts: Parts, pick: (all: Buffer[]) => Buffer[]): Buffer | null {
  const lists = parts.map(elementsOf);
  return lists.every((list) => list !== null) ? arrayReply(pick(lists.flat())) : null;
}

function distinct(elements: Buffer[]): Buffer[] {
  return [...new Map(elements.map((element) => [element.toString('latin1'), element])).values()];
}

function subscribers(counts: Parts, channel: Buffer): Buffer | null {
  return reduced(counts, isKeyspace(payloadOf(channel).toString('latin1')) ? Math.max : (a, b) => a + b);
}

/** `before` is what the first node has at the place before. */
function eachPlace(parts: Parts, pick: (places: Buffer[], index: number, before: Buffer) => Buffer | null): Buffer | null {
  const lists = parts.map(elementsOf);
  const first = lists[0] ?? null;
  if (first === null || !lists.every((list) => list?.length === first.length)) return null;
  const merged = first.map((_, i) =>
    pick(
      lists.map((list) => (list as Buffer[])[i] as Buffer),
      i,
      first[i - 1] as Buffer,
    ),
  );
  return merged.every((element) => element !== null) ? arrayReply(merged) : null;
}

function mergeStreams(parts: Parts): Buffer | null {
  const some = parts.filter((part) => (elementsOf(part)?.length ?? 0) > 0);
  const members = some.flatMap((part) => elementsOf(part) as Buffer[]);
  if (some.length === 0) return parts[0] as Buffer;
  return (some[0] as Buffer)[0] === '%'.charCodeAt(0) ? mapReply(members, 3) : arrayReply(members);
}

function mergeJoined(parts: Parts, _order: Uint16Array, nodes: readonly string[]): Buffer | null {
  /** By name: the value at each node that has it. */
  const values = new Map<string, { readonly name: Buffer; readonly at: (readonly [node: string, value: Buffer])[] }>();
  for (const [i, part] of parts.entries()) {
    const members = elementsOf(part);
    if (members === null) return null;
    for (let at = 0; at + 1 < members.length; at += 2) {
      const name = members[at] as Buffer;
      const entry = values.get(name.toString('latin1')) ?? { name, at: [] };
      entry.at.push([nodes[i] as string, members[at + 1] as Buffer]);
      values.set(name.toString('latin1'), entry);
    }
  }
  const merged = [...values.values()].flatMap(({ name, at }) => [name, agreed(at, parts.length)]);
  return mapReply(merged, (parts[0] as Buffer)[0] === '%'.charCodeAt(0) ? 3 : 2);
}

function agreed(at: readonly (readonly [node: string, value: Buffer])[], nodes: number): Buffer {
  const [, first] = at[0] as readonly [string, Buffer];
  if (at.length === nodes && at.every(([, value]) => value.equals(first))) return first;
  return bulkReply(at.map(([node, value]) => `${node}=${payloadOf(value)}`).join(' '));
}
