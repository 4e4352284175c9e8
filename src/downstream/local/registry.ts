import { describeCommand } from '../../command/describe.ts';
import type { LocalName } from '../../command/row.ts';
import { bulkReply, OK } from '../../protocol/encode.ts';
import type { LocalCommand } from './answer.ts';
import { auth, hello } from './auth.ts';
import { client } from './client.ts';
import { echo, ping, quit, reset, time } from './connection.ts';
import { info } from './info.ts';
import { keyfan } from './keyfan.ts';
import { select } from './select.ts';

export type { LocalContext } from './local-context.ts';

/** The commands that keyfan answers itself. */
export const LOCALS: Readonly<Record<LocalName, LocalCommand>> = {
  auth,
  client,
  command: (session, view) => describeCommand(view, session.lanes.identity.protocol),
  echo,
  hello,
  info,
  keyfan,
  monitor: (session, _view, _row, context) => {
    context.attention.monitors.add(session);
    return OK;
  },
  ping,
  quit,
  reset,
  select,
  time,
  whoami: (session) => bulkReply(session.user),
};

/** Redis' CMD_NO_AUTH: what a client may say before it has authenticated. */
export const FREE_BEFORE_AUTH: ReadonlySet<string> = new Set(['auth', 'hello', 'quit', 'reset']);
