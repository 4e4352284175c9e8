import { argIs } from '../command/argument.ts';
import { elementsOf, isMap, payloadOf } from '../protocol/element.ts';
import { arrayReply, mapReply } from '../protocol/encode.ts';
import { encodeRequest } from '../protocol/multibulk.ts';
import { argBytes, type RequestView } from '../protocol/request.ts';
import { NO_NODE } from '../routing/topology.ts';
import type { Lane } from '../upstream/lane-contract.ts';
import { FanOut } from './fan-out.ts';
import { wayFor } from './large.ts';
import type { Router } from './router.ts';
import type { Session } from './session.ts';
import { SessionTarget } from './session-target.ts';

/** What one node is asked: its streams, with the ids to begin behind. */
interface Share {
  readonly keys: Buffer[];
  readonly ids: Buffer[];
}

/**
 * XREAD [COUNT n] STREAMS key … id … over several nodes, without BLOCK. Each node is asked for its streams; the reply has them in the order
 * of the request.
 */
export function splitStreams(session: Session, view: RequestView, router: Router): void {
  const way = wayFor(session, view);
  if (way === null) return;
  const shares = new Map<number, Share>();
  const first = streamsAt(view) + 1;
  const count = (view.argc - first) / 2;
  const keys = Array.from({ length: count }, (_, i) => argBytes(view, first + i));
  const token = session.open(true);
  for (const [i, key] of keys.entries()) {
    const node = router.nodeOfName(key);
    if (node === NO_NODE) {
      session.fail(token, 'no_nodes');
      return;
    }
    const share = shares.get(node) ?? { keys: [], ids: [] };
    share.keys.push(key);
    share.ids.push(argBytes(view, first + count + i));
    shares.set(node, share);
  }
  const head = Array.from({ length: first }, (_, i) => argBytes(view, i));
  const lanes = [...shares.keys()].map((node) => session.lanes.at[node] as Lane);
  const order = new Map<string, number[]>();
  for (const [i, key] of keys.entries()) {
    const name = key.toString('latin1');
    const places = order.get(name);
    if (places === undefined) order.set(name, [i]);
    else places.push(i);
  }
  const fanOut = new FanOut(new InOrder(session, order), token, 'streams', false, lanes);
  [...shares.values()].forEach((share, i) => {
    const request = encodeRequest([...head, ...share.keys, ...share.ids]);
    lanes[i]?.[way](request, 0, request.length, fanOut, i, true);
  });
}

/** True where every stream has its id, so that the request can be cut. */
export function hasStreams(view: RequestView): boolean {
  const at = streamsAt(view);
  return at > 0 && view.argc - at > 2 && (view.argc - at) % 2 === 1;
}

function streamsAt(view: RequestView): number {
  for (let i = 1; i < view.argc; i++) {
    if (argIs(view, i, 'streams')) return i;
    if (argIs(view, i, 'count')) i++;
  }
  return -1;
}

/** Puts the streams of a reply into the order of the request. */
class InOrder extends SessionTarget {
  /** Where a stream, as latin1, stands in the request. */
  readonly #order: ReadonlyMap<string, readonly number[]>;

  constructor(session: Session, order: ReadonlyMap<string, readonly number[]>) {
    super(session);
    this.#order = order;
  }

  onReply(token: number, buf: Buffer, start: number, end: number, given: boolean): boolean {
    const reply = buf.subarray(start, end);
    const elements = elementsOf(reply);
    if (elements === null || elements.length === 0) return this.session.onReply(token, buf, start, end, given);
    const asMap = isMap(reply, 0);
    const streams = asMap ? pairs(elements) : elements.map((element) => elementsOf(element) ?? []);
    const told = new Map<string, number>();
    const placed = streams.map((stream) => ({ stream, at: this.#placeOf(stream, told) }));
    const sorted = placed.sort((a, b) => a.at - b.at).map(({ stream }) => stream);
    const whole = asMap ? mapReply(sorted.flat(), 3) : arrayReply(sorted.map(arrayReply));
    return this.session.onReply(token, whole, 0, whole.length, false);
  }

  /** Of a stream that is asked for several times the first one told is the first one. */
  #placeOf([key]: readonly Buffer[], told: Map<string, number>): number {
    const name = key === undefined ? '' : payloadOf(key).toString('latin1');
    const before = told.get(name) ?? 0;
    told.set(name, before + 1);
    return this.#order.get(name)?.[before] ?? -1;
  }
}

function pairs(members: readonly Buffer[]): Buffer[][] {
  return members.flatMap((key, i) => (i % 2 === 0 ? [[key, members[i + 1] as Buffer]] : []));
}
