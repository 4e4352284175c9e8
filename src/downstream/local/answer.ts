import type { CommandRow } from '../../command/row.ts';
import type { ErrorCode } from '../../errors.ts';
import type { RequestView } from '../../protocol/request.ts';
import type { Session } from '../session.ts';

/** What keyfan answers by itself: a whole RESP2 reply, or an error of the table. */
export type Answer = Buffer | { readonly code: ErrorCode; readonly detail?: string };

/** What local commands may know of the pool around them. */
export interface LocalContext {
  /** Null where clients need not authenticate. */
  readonly credentials: { readonly username: string; readonly password: string } | null;
  /** Facts for INFO, by section. */
  info(): readonly InfoSection[];
}

export interface InfoSection {
  readonly name: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

export type LocalCommand = (session: Session, view: RequestView, row: CommandRow, context: LocalContext) => Answer;

/** An error whose text behind `ERR ` is `detail`. */
export function refused(detail: string): Answer {
  return { code: 'refused', detail };
}

/** Redis' rule for names of clients and libraries: printable ASCII without spaces. */
export function isPlainName(text: string): boolean {
  return /^[!-~]*$/.test(text);
}
