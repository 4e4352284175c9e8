import type { CommandRow } from '../../command/row.ts';
import type { ErrorCode } from '../../errors.ts';
import type { RequestView } from '../../protocol/request.ts';
import type { Session } from '../session.ts';
import type { LocalContext } from './local-context.ts';

/** What keyfan answers by itself: a whole reply, or an error of the table. */
export type Answer = Buffer | { readonly code: ErrorCode; readonly detail?: string };

/** There is no answer yet: the session was parked, or its place is settled later. */
export const LATER = null;

export type LocalCommand = (session: Session, view: RequestView, row: CommandRow, context: LocalContext) => Answer | typeof LATER;

export const SYNTAX: Answer = { code: 'syntax' };

/** An error whose text behind `ERR ` is `detail`. */
export function refused(detail: string): Answer {
  return { code: 'refused', detail };
}

/** Redis' rule for names of clients and libraries: printable ASCII without spaces. */
export function isPlainName(text: string): boolean {
  return /^[!-~]*$/.test(text);
}

/** Null where the client has the name now. */
export function nameClient(session: Session, name: string): Answer | null {
  if (!isPlainName(name)) return refused('Client names cannot contain spaces, newlines or special characters.');
  session.name = name;
  return null;
}

/** More identities of connections than the pool may have. */
export const TOO_MANY_DATABASES: Answer = refused('keyfan: too many databases are in use (limits.databases); the command was not executed');

/** The request comes again when all before it are answered. */
export function parked(session: Session): typeof LATER {
  session.park();
  return LATER;
}
