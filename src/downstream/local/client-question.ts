/** What is asked about the clients of a pool, wherever they are served: these travel between processes. */
import type { ErrorCode } from '../../errors.ts';

/** Which clients are meant: those that match all of it. */
export interface Filter {
  ids?: ReadonlySet<number>;
  type?: string;
  address?: string;
  localAddress?: string;
  user?: string;
  /** Connected for so long at least. */
  ageMs?: number;
  /** Id of the one that is not meant. */
  not?: number;
}

export type Question =
  | { readonly what: 'list' | 'kill'; readonly filter: Filter }
  | { readonly what: 'unblock'; readonly filter: Filter; readonly reason: 'timeout' | 'error' };

/** What one process has found: lines of clients in the order of their ids, a number of clients, or an answer to be passed on as it is. */
export type Finding =
  | { readonly ids: Float64Array; readonly lines: readonly string[] }
  | { readonly count: number }
  | { readonly answer: Buffer | { readonly code: ErrorCode; readonly detail?: string } };

export interface Findings {
  readonly findings: readonly Finding[];
  /** Who has not answered, in words; empty where all have. */
  readonly silent: string;
}
