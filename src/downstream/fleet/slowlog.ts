import { elementsOf, headerNumber } from '../../protocol/element.ts';
import { arrayReply } from '../../protocol/encode.ts';
import { argText, type RequestView } from '../../protocol/request.ts';
import type { Session } from '../session.ts';
import { SessionTarget } from '../session-target.ts';

/** Redis' own. */
const COUNT_DEFAULT = 10;

/** SLOWLOG GET [count]: of the entries of all nodes the newest; all of them with -1. */
export class Newest extends SessionTarget {
  readonly #count: number;

  constructor(session: Session, view: RequestView) {
    super(session);
    this.#count = view.argc > 2 ? Number(argText(view, 2)) : COUNT_DEFAULT;
  }

  onReply(token: number, buf: Buffer, start: number, end: number, given: boolean): boolean {
    const entries = elementsOf(buf.subarray(start, end));
    if (entries === null) return this.session.onReply(token, buf, start, end, given);
    const sorted = entries.sort((a, b) => timeOf(b) - timeOf(a));
    const whole = arrayReply(this.#count < 0 ? sorted : sorted.slice(0, this.#count));
    return this.session.onReply(token, whole, 0, whole.length, false);
  }
}

/** Of `[id, when, …]`. */
function timeOf(entry: Buffer): number {
  const when = elementsOf(entry)?.[1];
  return when === undefined ? 0 : headerNumber(when, 0);
}
