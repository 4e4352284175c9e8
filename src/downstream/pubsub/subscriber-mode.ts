import type { CommandRow } from '../../command/row.ts';
import { arrayReply, bulkReply } from '../../protocol/encode.ts';
import { argBytes, type RequestView } from '../../protocol/request.ts';
import type { Mode } from '../mode.ts';
import type { Session } from '../session.ts';

const ALLOWED: ReadonlySet<string> = new Set(
  'subscribe psubscribe ssubscribe unsubscribe punsubscribe sunsubscribe ping quit reset'.split(' '),
);

/** In RESP2 a client with subscriptions could not tell replies from messages: only some commands are allowed then. */
export class SubscriberMode implements Mode {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  take(view: RequestView, row: CommandRow): boolean {
    const session = this.#session;
    if (!ALLOWED.has(row.name)) {
      const allowed = 'only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context';
      session.fail(session.open(), row.name === 'exec' ? 'exec_invalid' : 'refused', `Can't execute '${row.name}': ${allowed}`);
      return true;
    }
    if (row.name !== 'ping' || view.argc > 2) return false;
    session.reply(arrayReply([bulkReply('pong'), bulkReply(view.argc === 2 ? argBytes(view, 1) : '')]));
    return true;
  }

  onInvalid(): void {}
}
