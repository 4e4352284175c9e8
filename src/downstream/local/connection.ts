import { arityText } from '../../command/texts.ts';
import { arrayReply, bulkReply, OK, PONG, simpleReply } from '../../protocol/encode.ts';
import { argBytes, type RequestView } from '../../protocol/request.ts';
import { wallTime } from '../../util/clock.ts';
import { LATER, type LocalCommand, parked } from './answer.ts';
import { answerBehindInvalidations } from './behind-invalidations.ts';

function argBulk(view: RequestView, i: number): Buffer {
  return bulkReply(argBytes(view, i));
}

/** Redis sends an invalidation before it answers whatever comes after the write. */
export const ping: LocalCommand = (session, view, row) => {
  if (view.argc > 2) return { code: 'wrong_arity', detail: arityText(row) };
  const answer = view.argc === 1 ? PONG : argBulk(view, 1);
  return session.tracking !== null && answerBehindInvalidations(session, answer) ? LATER : answer;
};

export const echo: LocalCommand = (_session, view) => argBulk(view, 1);

/** The dispatcher closes the session behind the reply. */
export const quit: LocalCommand = () => OK;

/** Seconds and microseconds, as Redis gives them. */
export const time: LocalCommand = () => {
  const { seconds, micros } = wallTime();
  return arrayReply([bulkReply(String(seconds)), bulkReply(String(micros))]);
};

/** As a new connection, in RESP2 and the pool's database. */
export const reset: LocalCommand = (session, _view, _row, context) => {
  if (session.inFlight > 0) return parked(session);
  context.attention.monitors.remove(session);
  // As in Redis: it ends CLIENT REPLY OFF, and is skipped behind CLIENT REPLY SKIP.
  if (session.silent) session.mute('on');
  session.silent = false;
  session.endTransaction();
  session.endTracking();
  session.subscriptions?.close();
  session.subscriptions?.refreshMode();
  session.lanes.reset();
  session.name = '';
  session.user = 'default';
  session.authenticated = context.credentials === null;
  return simpleReply('RESET');
};
