import { arityText } from '../../command/texts.ts';
import { arrayReply, bulkReply, OK, PONG, simpleReply } from '../../protocol/encode.ts';
import { parseInt64 } from '../../protocol/header.ts';
import { argBytes, argEnd, argStart, type RequestView } from '../../protocol/request.ts';
import { type Answer, type LocalCommand, refused } from './answer.ts';

/** Bounds of a C int: Redis reads a database index as one. */
const INT_MAX = 2 ** 31 - 1;
const INT_MIN = -(2 ** 31);

function argBulk(view: RequestView, i: number): Buffer {
  return bulkReply(argBytes(view, i));
}

export const ping: LocalCommand = (_session, view, row): Answer => {
  if (view.argc > 2) return { code: 'wrong_arity', detail: arityText(row) };
  return view.argc === 1 ? PONG : argBulk(view, 1);
};

export const echo: LocalCommand = (_session, view) => argBulk(view, 1);

/** The dispatcher closes the session behind the reply. */
export const quit: LocalCommand = () => OK;

/** Seconds and microseconds, as Redis gives them. */
export const time: LocalCommand = () => {
  const now = performance.timeOrigin + performance.now();
  const seconds = Math.floor(now / 1000);
  const micros = Math.floor((now - seconds * 1000) * 1000);
  return arrayReply([bulkReply(String(seconds)), bulkReply(String(micros))]);
};

export const select: LocalCommand = (_session, view) => {
  const index = parseInt64(view.buf, argStart(view, 1), argEnd(view, 1));
  if (index === 0) return OK;
  if (Number.isNaN(index)) return refused('value is not an integer or out of range');
  if (index < INT_MIN || index > INT_MAX) return refused(`value is out of range, value must between ${INT_MIN} and ${INT_MAX}`);
  return index < 0 ? refused('DB index is out of range') : refused('keyfan: this pool has only database 0');
};

export const reset: LocalCommand = (session, _view, _row, context) => {
  session.name = '';
  session.user = 'default';
  session.authenticated = context.credentials === null;
  return simpleReply('RESET');
};
