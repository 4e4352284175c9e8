import { nodeOfRoute, rowOfRoute } from '../command/routed.ts';
import type { PoolCounters } from '../observe/counters.ts';
import { NOWHERE, type RequestScanner } from '../protocol/request-scanner.ts';
import type { Lane } from '../upstream/lane-contract.ts';
import { READ_BUFFER } from '../util/read-buffer.ts';
import type { Attention } from './attention.ts';
import type { Session } from './session.ts';

/**
 * Fast path for requests that the kernel has routed. The session is checked once per read instead of once per request. The first request
 * that needs more than forwarding ends the run and goes to the dispatcher, which would have forwarded the others in the same way.
 */
export class Express {
  readonly #attention: Attention;
  readonly #counters: PoolCounters;

  constructor(attention: Attention, counters: PoolCounters) {
    this.#attention = attention;
    this.#counters = counters;
  }

  /** Forwards the first requests in `src[from, to)`, as many as the session may have handled now; returns the offset behind them. */
  forward(session: Session, scanner: RequestScanner, src: Buffer, from: number, to: number): number {
    if (src !== READ_BUFFER || this.#attention.active || session.mode !== null || session.again || !session.pace.shares) return from;
    const { requests } = this.#counters;
    const lanes = session.lanes.at;
    let at = from;
    while (at < to && session.room > 0) {
      const route = scanner.route(at, to);
      if (route === NOWHERE) break;
      const row = rowOfRoute(route);
      requests[row.id] = (requests[row.id] as number) + 1;
      session.lastCommand = row;
      const start = at;
      at = scanner.next;
      (lanes[nodeOfRoute(route)] as Lane).send(src, start, at, session, session.open(), false);
    }
    return at;
  }
}
