import { argLower } from '../../command/argument.ts';
import type { ErrorCode } from '../../errors.ts';
import { arrayReply, bulkReply, integerReply, mapReply, OK, setReply } from '../../protocol/encode.ts';
import type { RequestView } from '../../protocol/request.ts';
import type { ReservedLane } from '../../upstream/reserved-lane.ts';
import { FanOut } from '../fan-out.ts';
import type { TrackingState } from '../mode.ts';
import { ownLanes } from '../own-lane.ts';
import type { Session } from '../session.ts';
import { SessionTarget } from '../session-target.ts';
import { type Answer, LATER, refused, SYNTAX } from './answer.ts';
import type { LocalContext } from './local-context.ts';

const FLAGS: ReadonlySet<string> = new Set(['bcast', 'optin', 'optout', 'noloop']);
const NO_REDIRECT =
  "keyfan: 'client|tracking' with REDIRECT is not supported: the other connection would have to be to the same node; use RESP3";

/**
 * CLIENT TRACKING ON | OFF [BCAST] [PREFIX p …] [OPTIN | OPTOUT] [NOLOOP], in RESP3. While it is on, every request of the session travels
 * on connections of its own, which the nodes watch; their invalidations pass to the client. Where one of these is lost the client is
 * disconnected: it could not know what it has missed.
 */
export function tracking(session: Session, view: RequestView, context: LocalContext): Answer | typeof LATER {
  const mode = argLower(view, 2);
  const options: string[] = [];
  for (let i = 3; i < view.argc; i++) {
    const option = argLower(view, i);
    const hasValue = i + 1 < view.argc;
    if (option === 'redirect' && hasValue) return refused(NO_REDIRECT);
    if (option === 'prefix' && hasValue) i++;
    else if (FLAGS.has(option)) options.push(option);
    else return SYNTAX;
  }
  if (mode !== 'on' && mode !== 'off') return SYNTAX;
  if (mode === 'off' && session.tracking === null) return OK;
  if (mode === 'on' && session.lanes.identity.protocol !== 3) {
    return refused("keyfan: 'client|tracking' is not supported in RESP2: there is nobody to redirect invalidations to");
  }
  const lanes = ownLanes(session, context.liveNodes());
  if (lanes === null) return LATER;
  if (lanes.length === 0) return { code: 'no_nodes' };
  const fanOut = new FanOut(
    new Switch(session, lanes, mode === 'on' ? { options, caching: session.tracking?.caching ?? null } : null),
    session.open(),
    'status',
    true,
    lanes,
  );
  session.barrier = true;
  lanes.forEach((lane, i) => {
    lane.kept = true;
    lane.send(view.buf, view.base, view.limit, fanOut, i, false);
  });
  return LATER;
}

/** Sees the nodes' answer through: on at all nodes, or off. */
class Switch extends SessionTarget {
  readonly #lanes: readonly ReservedLane[];
  readonly #wanted: TrackingState | null;

  constructor(session: Session, lanes: readonly ReservedLane[], wanted: TrackingState | null) {
    super(session);
    this.#lanes = lanes;
    this.#wanted = wanted;
  }

  onReply(token: number, buf: Buffer, start: number, end: number, given: boolean): boolean {
    if (buf[start] === OK[0]) {
      if (this.#wanted === null) this.session.endTracking();
      else this.session.tracking = this.#wanted;
    }
    if (this.session.tracking === null) this.#letGo();
    return this.session.onReply(token, buf, start, end, given);
  }

  /** Some nodes may track and others not: only a new connection makes that clear. */
  override onFailure(token: number, code: ErrorCode, detail: string): void {
    super.onFailure(token, code, detail);
    this.session.close();
  }

  #letGo(): void {
    for (const lane of this.#lanes) lane.kept = false;
  }
}

/** While tracking is on any node can answer: all were told the same. */
export function trackingInfo(session: Session, view: RequestView): Answer | typeof LATER {
  const [lane] = session.lanes.reserved();
  if (session.tracking !== null && lane !== undefined) {
    session.tracking.caching?.settle();
    lane.send(view.buf, view.base, view.limit, session, session.open(), false);
    return LATER;
  }
  const { protocol } = session.lanes.identity;
  const flags = setReply([bulkReply('off')], protocol);
  return mapReply([bulkReply('flags'), flags, bulkReply('redirect'), integerReply(-1), bulkReply('prefixes'), arrayReply([])], protocol);
}
