/** What this process finds among the clients that it serves. */
import type { ErrorCode } from '../../errors.ts';
import { encodeRequest } from '../../protocol/multibulk.ts';
import type { ReplyTarget } from '../../upstream/target.ts';
import { FanOut } from '../fan-out.ts';
import type { Session } from '../session.ts';
import { refused } from './answer.ts';
import { addressOf, clientLine, localAddressOf, typeOf } from './client-line.ts';
import type { Filter, Finding, Question } from './client-question.ts';

/** `by` is the client that asks, where it is one of these; `charsMax` is how long a list may become. */
export function find(
  sessions: Iterable<Session>,
  question: Question,
  by: Session | null,
  charsMax = Number.POSITIVE_INFINITY,
): Finding | Promise<Finding> {
  const found = matching(sessions, question.filter);
  if (question.what === 'list') return listed(found, charsMax);
  if (question.what === 'unblock') return found[0] === undefined ? { count: 0 } : unblocked(found[0], question.reason);
  for (const each of found) end(each, by);
  return { count: found.length };
}

function matching(sessions: Iterable<Session>, filter: Filter): Session[] {
  const { ids, type, address, localAddress, user, ageMs = 0, not } = filter;
  const since = Date.now() - ageMs;
  return [...sessions].filter(
    (each) =>
      // One that is disconnected, or has been sent all that it will be, is still known for a moment.
      !each.socket.destroyed &&
      !(each.socket.writableEnded && each.unsentBytes === 0) &&
      each.id !== not &&
      (ids === undefined || ids.has(each.id)) &&
      (type === undefined || typeOf(each) === type) &&
      (address === undefined || addressOf(each) === address) &&
      (localAddress === undefined || localAddressOf(each) === localAddress) &&
      (user === undefined || each.user === user) &&
      (ageMs === 0 || each.connectedAt <= since),
  );
}

function listed(found: Session[], charsMax: number): Finding {
  found.sort((a, b) => a.id - b.id);
  const lines: string[] = [];
  let chars = 0;
  for (const each of found) {
    const line = clientLine(each);
    chars += line.length + 1;
    if (chars > charsMax) return { answer: refused(`keyfan: the clients of one worker make a list of more than ${charsMax} characters`) };
    lines.push(line);
  }
  return { ids: Float64Array.from(found, ({ id }) => id), lines };
}

/** Who kills itself still reads the answer, and nothing that it has sent behind is handled. */
function end(victim: Session, by: Session | null): void {
  if (victim === by) victim.close();
  else victim.destroy('killed');
}

/** Said to the nodes on whose connections the client waits. */
function unblocked(victim: Session, reason: string): Finding | Promise<Finding> {
  const connections = (victim.blocked ?? []).filter(({ connection }) => connection !== null && connection.clientId > 0);
  if (connections.length === 0) return { count: 0 };
  return new Promise((resolve) => {
    const fanOut = new FanOut(new Answered(resolve), 0, 'max', true, connections);
    connections.forEach(({ index, connection }, i) => {
      const request = encodeRequest(['CLIENT', 'UNBLOCK', String(connection?.clientId), reason]);
      victim.lanes.shared[index]?.send(request, 0, request.length, fanOut, i, true);
    });
  });
}

/** Takes the nodes' answer for somebody who may be elsewhere. */
class Answered implements ReplyTarget {
  readonly owner = this;
  readonly parts = null;
  readonly #tell: (finding: Finding) => void;

  constructor(tell: (finding: Finding) => void) {
    this.#tell = tell;
  }

  onReply(_token: number, buf: Buffer, start: number, end: number): boolean {
    this.#tell({ answer: Buffer.from(buf.subarray(start, end)) });
    return true;
  }

  onFailure(_token: number, code: ErrorCode, detail: string): void {
    this.#tell({ answer: { code, detail } });
  }
}
