import { argLower } from '../../command/argument.ts';
import type { CommandRow } from '../../command/row.ts';
import { encodeRequest, PING } from '../../protocol/multibulk.ts';
import type { RequestView } from '../../protocol/request.ts';
import type { ReservedLane } from '../../upstream/reserved-lane.ts';
import { FanOut } from '../fan-out.ts';
import type { CachingMode } from '../mode.ts';
import type { Session } from '../session.ts';
import { type Answer, LATER, refused, SYNTAX } from './answer.ts';

/** By word: the mode of tracking in which it means something. */
const MODES: Readonly<Record<string, string>> = { yes: 'optin', no: 'optout' };

/** CLIENT CACHING YES | NO: whether what the next request reads is tracked, with OPTIN or OPTOUT. */
export function caching(session: Session, view: RequestView): Answer | typeof LATER {
  const { tracking } = session;
  const word = argLower(view, 2);
  const on = tracking?.options ?? [];
  if (tracking === null)
    return refused('CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled');
  const mode = Object.hasOwn(MODES, word) ? MODES[word] : undefined;
  if (mode === undefined) return SYNTAX;
  if (!on.includes(mode))
    return refused(`CLIENT CACHING ${word.toUpperCase()} is only valid when tracking is enabled in ${mode.toUpperCase()} mode.`);
  const lanes = [...session.lanes.reserved()];
  const fanOut = new FanOut(session, session.open(), 'status', false, lanes);
  const request = encodeRequest(['CLIENT', 'CACHING', word]);
  lanes.forEach((lane, i) => {
    lane.send(request, 0, request.length, fanOut, i, false);
  });
  tracking.caching = new Caching(session, request);
  session.mode = tracking.caching;
  return LATER;
}

/**
 * CLIENT CACHING goes to every node, as the node of the next request is not known yet. A node applies it to the next command it gets, so
 * behind that request each is sent a PING, which uses it up. A transaction counts as one request, CLIENT as none.
 *
 *   CLIENT CACHING NO ─▶ a, b, c    GET k ─▶ b    next request: PING ─▶ a, b, c, then itself
 */
class Caching implements CachingMode {
  readonly #session: Session;
  readonly #request: Buffer;
  #used = false;
  /** It is the request taken last that has used it. */
  #fresh = false;

  constructor(session: Session, request: Buffer) {
    this.#session = session;
    this.#request = request;
  }

  take(_view: RequestView, row: CommandRow): boolean {
    this.#fresh = row.local !== 'client';
    if (!this.#fresh) return false;
    this.settle();
    this.#used = true;
    return false;
  }

  giveBack(): void {
    if (this.#fresh) this.#used = false;
  }

  onInvalid(): void {
    this.#end();
  }

  settle(): void {
    if (this.#used) this.#end();
  }

  repeat(lane: ReservedLane): void {
    lane.tell(this.#request);
  }

  #end(): void {
    const session = this.#session;
    if (session.mode === this) session.mode = null;
    if (session.tracking?.caching === this) session.tracking.caching = null;
    for (const lane of session.lanes.reserved()) lane.tell(PING);
  }
}
