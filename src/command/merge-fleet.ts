import { elementsOf, headerNumber, isInteger, isMap, isNull, isVerbatim, payloadOf } from '../protocol/element.ts';
import { arrayReply, bulkReply, errorReply, integerReply, mapReply, verbatimReply } from '../protocol/encode.ts';
import { isKeyspace } from './keyspace.ts';

type Parts = readonly Buffer[];

const DIFFERENT = errorReply('ERR keyfan: the nodes do not say the same; connect to each of them for it');

/** Merges of replies that all nodes give to the same request; see `Merge`. */
export const FLEET_MERGES = {
  /** One list of all (KEYS). */
  concat: (parts: Parts) => combined(parts, (all) => all),
  /** Each element once (PUBSUB CHANNELS). */
  union: (parts: Parts) => combined(parts, distinct),
  /** LASTSAVE, WAIT, PUBSUB NUMPAT: what holds for all nodes. */
  min: (parts: Parts) => reduced(parts, Math.min),
  /** CLIENT UNBLOCK, ACL DELUSER: one node that did it is enough. */
  max: (parts: Parts) => reduced(parts, Math.max),
  /** Lists of integers, place by place (SCRIPT EXISTS, WAITAOF). */
  min_each: (parts: Parts) => eachPlace(parts, (places) => reduced(places, Math.min)),
  /** Channels and counts in turn (PUBSUB NUMSUB); those of keyspace notifications are subscribed to on all nodes. */
  subscribers: (parts: Parts) =>
    eachPlace(parts, (places, i, before) => (i % 2 === 0 ? (places[0] as Buffer) : subscribers(places, before))),
  /** What all nodes should have alike (ACL LIST); where they do not there is no answer. */
  same: (parts: Parts) => (alike(parts) ? (parts[0] as Buffer) : DIFFERENT),
  /** Texts for people, each under the name of its node (MEMORY DOCTOR). */
  texts: mergeTexts,
  /** All did it; where they have different things to say, each under the name of its node (DEBUG). */
  said: (parts: Parts, order: Uint16Array, nodes: readonly string[]) =>
    alike(parts) ? (parts[0] as Buffer) : mergeTexts(parts, order, nodes),
  /** FUNCTION STATS: the node where something runs, if there is one. */
  running: (parts: Parts) => parts.find(runsSomething) ?? (parts[0] as Buffer),
  /** ACL LOG, also where it is reset. */
  log: (parts: Parts) => (alike(parts) && elementsOf(parts[0] as Buffer) === null ? (parts[0] as Buffer) : combined(parts, (all) => all)),
  /** LATENCY LATEST: each event once, with what the node says that saw it last, and the longest of all. */
  events: (parts: Parts) => combined(parts, latestEvents),
  /** LATENCY HISTORY: times and latencies, the oldest first. */
  history: (parts: Parts) => combined(parts, (all) => all.sort((a, b) => numberAt(a, 0) - numberAt(b, 0))),
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

function alike(parts: Parts): boolean {
  return parts.every((part) => part.equals(parts[0] as Buffer));
}

/** Of `[running_script, what runs or null, …]`. */
function runsSomething(part: Buffer): boolean {
  const what = elementsOf(part)?.[1];
  return what !== undefined && !isNull(what, 0);
}

/** The integer at place `at` of an array. */
function numberAt(array: Buffer, at: number): number {
  const element = elementsOf(array)?.[at];
  return element === undefined ? Number.NaN : headerNumber(element, 0);
}

/** Of `[event, when, latency, longest]`. */
function latestEvents(all: Buffer[]): Buffer[] {
  const events = new Map<string, Buffer>();
  for (const event of all) {
    const name = elementsOf(event)?.[0]?.toString('latin1') ?? '';
    const known = events.get(name);
    events.set(name, known === undefined ? event : joinedEvent(known, event));
  }
  return [...events.values()];
}

function joinedEvent(a: Buffer, b: Buffer): Buffer {
  const last = elementsOf(numberAt(b, 1) > numberAt(a, 1) ? b : a) as Buffer[];
  return arrayReply([...last.slice(0, 3), integerReply(Math.max(numberAt(a, 3), numberAt(b, 3))), ...last.slice(4)]);
}

function mergeTexts(parts: Parts, _order: Uint16Array, nodes: readonly string[]): Buffer {
  const protocol = isVerbatim(parts[0] as Buffer, 0) ? 3 : 2;
  const texts = parts.map((part, i) => {
    const text = payloadOf(part).toString('latin1', protocol === 3 ? 'txt:'.length : 0);
    return `# ${nodes[i]}\n${text.replace(/\n*$/, '\n')}`;
  });
  return verbatimReply(texts.join('\n'), protocol);
}

function mergeStreams(parts: Parts): Buffer | null {
  const some = parts.filter((part) => (elementsOf(part)?.length ?? 0) > 0);
  const members = some.flatMap((part) => elementsOf(part) as Buffer[]);
  if (some.length === 0) return parts[0] as Buffer;
  return isMap(some[0] as Buffer, 0) ? mapReply(members, 3) : arrayReply(members);
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
  return mapReply(merged, isMap(parts[0] as Buffer, 0) ? 3 : 2);
}

function agreed(at: readonly (readonly [node: string, value: Buffer])[], nodes: number): Buffer {
  const [, first] = at[0] as readonly [string, Buffer];
  if (at.length === nodes && at.every(([, value]) => value.equals(first))) return first;
  return bulkReply(at.map(([node, value]) => `${node}=${payloadOf(value)}`).join(' '));
}
