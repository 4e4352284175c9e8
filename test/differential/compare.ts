import { elementsOf } from '../../src/protocol/element.ts';
import { encode } from '../support/resp.ts';
import { connectResp, type RespClient } from '../support/resp-client.ts';
import type { Episode, Request } from './episode.ts';
import { UNORDERED } from './grammar.ts';

/** A reply of keyfan's that is not what Redis says. */
export interface Difference {
  /** Index of the request. */
  readonly at: number;
  readonly ours: string;
  readonly theirs: string;
}

/** Makes another request of one, on keyfan's side only: to see that it is found. */
export type Twist = (request: Request) => Request;

const DEADLINE_MS = 20_000;

/** Plays an episode against keyfan and against a plain Redis; null where all replies are equal, byte for byte. */
export async function compare(
  keyfan: number,
  redis: number,
  { requests }: Episode,
  batch: number,
  twist: Twist,
): Promise<Difference | null> {
  const clients = await Promise.all([keyfan, redis].map((port) => connectResp(port, { deadlineMs: DEADLINE_MS })));
  const [ours, theirs] = clients as [RespClient, RespClient];
  try {
    const state = new ReplyState();
    for (let at = 0; at < requests.length; at += batch) {
      const some = requests.slice(at, at + batch);
      ours.send(Buffer.concat(some.map((request) => encode(twist(request)))));
      theirs.send(Buffer.concat(some.map((request) => encode(request))));
      const [mine, wanted] = await Promise.all([ours.read(some.length), theirs.read(some.length)]);
      for (let i = 0; i < some.length; i++) {
        const [a, b] = [mine[i]?.raw as Buffer, wanted[i]?.raw as Buffer];
        if (!state.same(some[i] as Request, a, b)) return { at: at + i, ours: a.toString('latin1'), theirs: b.toString('latin1') };
      }
    }
    return null;
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

/** Which parts of a reply may differ, by what was asked. */
class ReplyState {
  /** Names of the commands behind MULTI. */
  #queued: string[] | null = null;

  same(request: Request, ours: Buffer, theirs: Buffer): boolean {
    const name = (request[0] as Buffer).toString('latin1').toUpperCase();
    const queued = this.#queued;
    if (name === 'MULTI' && queued === null) this.#queued = [];
    else if (queued !== null && theirs.equals(Buffer.from('+QUEUED\r\n'))) queued.push(name);
    else if (queued !== null && ['EXEC', 'DISCARD', 'RESET'].includes(name)) this.#queued = null;
    if (ours.equals(theirs)) return true;
    if (name === 'HELLO') return withoutId(ours) === withoutId(theirs);
    if (name === 'EXEC' && queued !== null) return eachSame(queued, ours, theirs);
    return UNORDERED.has(name) && sorted(ours) === sorted(theirs);
  }
}

function eachSame(names: readonly string[], ours: Buffer, theirs: Buffer): boolean {
  const [mine, wanted] = [elementsOf(ours), elementsOf(theirs)];
  if (mine === null || wanted === null || mine.length !== wanted.length) return false;
  return mine.every((reply, i) => {
    const other = wanted[i] as Buffer;
    return reply.equals(other) || (UNORDERED.has(names[i] as string) && sorted(reply) === sorted(other));
  });
}

function sorted(reply: Buffer): string {
  const elements = elementsOf(reply);
  if (elements === null) return reply.toString('latin1');
  const texts = elements.map(sorted);
  return `${String.fromCharCode(reply[0] as number)}${texts.sort().join('')}`;
}

/** HELLO tells the id of the client, which no two servers have in common. */
function withoutId(reply: Buffer): string {
  return reply.toString('latin1').replace(/\$2\r\nid\r\n:\d+/, '');
}
