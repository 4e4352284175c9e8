import type { CommandRow } from '../../command/row.ts';
import type { ErrorCode } from '../../errors.ts';
import type { RequestView } from '../../protocol/request.ts';
import type { Attention } from '../attention.ts';
import type { Session } from '../session.ts';
import type { Findings, Question } from './client-question.ts';

/** What keyfan answers by itself: a whole reply, or an error of the table. */
export type Answer = Buffer | { readonly code: ErrorCode; readonly detail?: string };

/** There is no answer yet: the session was parked, or its place is settled later. */
export const LATER = null;

/** What local commands may know of the pool around them. */
export interface LocalContext {
  /** Null where clients need not authenticate. */
  readonly credentials: { readonly username: string; readonly password: string } | null;
  /** Index of a node for what every node answers alike; -1 where no node is in service. */
  anyNode(): number;
  /** Indexes of the nodes in service. */
  liveNodes(): readonly number[];
  /** The clients of the pool that this process serves. */
  sessions(): Iterable<Session>;
  /** Asks the other processes that serve the pool; null where there are none. */
  readonly elsewhere: ((question: Question) => Promise<Findings>) | null;
  readonly attention: Attention;
  nodes(): readonly NodeFacts[];
  /** Name of the node of a key; all names with commas between where any node serves every key. */
  nodeOf(key: Buffer): string;
  /** Facts for INFO, by section. */
  info(): readonly InfoSection[];
}

/** What KEYFAN NODES tells. */
export interface NodeFacts {
  readonly name: string;
  readonly address: string;
  readonly state: string;
  readonly inFlight: number;
}

export interface InfoSection {
  readonly name: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

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

/** More identities of connections than the pool may have. */
export const TOO_MANY_DATABASES: Answer = refused('keyfan: too many databases are in use (limits.databases); the command was not executed');

/** The request comes again when all before it are answered. */
export function parked(session: Session): typeof LATER {
  session.park();
  return LATER;
}
