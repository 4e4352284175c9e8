import type { CommandRow } from '../command/row.ts';
import type { RequestView } from '../protocol/request.ts';
import type { ReservedLane } from '../upstream/reserved-lane.ts';

/** A state of a session in which requests mean something else: a transaction, a subscription. */
export interface Mode {
  /** True where the request has been dealt with; else it takes its ordinary way. The session is authenticated, the arity is right. */
  take(view: RequestView, row: CommandRow): boolean;
  /** A request could not be taken, as it is unknown or of wrong arity. It has been answered. */
  onInvalid(): void;
}

/** WATCHed keys and queued commands of a session. */
export interface TransactionMode extends Mode {
  /** Commands that wait for EXEC; -1 before MULTI. */
  readonly queued: number;
  /** Keys are watched, on a connection of the session's own. */
  readonly watching: boolean;
  /** Something that waits for EXEC may write. */
  readonly writes: boolean;
  /** Bytes that wait for EXEC. */
  readonly heldBytes: number;
  /** WATCH, UNWATCH, MULTI, EXEC, DISCARD. */
  command(view: RequestView, row: CommandRow): void;
  /** Forgets what is watched and queued. */
  drop(): void;
}

/** What a session is subscribed to. */
export interface SubscriptionState {
  readonly isEmpty: boolean;
  size(kind: 'channel' | 'pattern' | 'shard'): number;
  subscribe(kind: 'channel' | 'pattern' | 'shard', names: readonly string[]): void;
  unsubscribe(kind: 'channel' | 'pattern' | 'shard', names: readonly string[]): void;
  /** The client speaks another version of RESP now. */
  refreshMode(): void;
  close(): void;
}

/** What CLIENT TRACKING is on with. */
export interface TrackingState {
  readonly options: readonly string[];
  /** CLIENT CACHING was said, and holds for a request. */
  caching: CachingMode | null;
}

/** What CLIENT CACHING made of the next request. */
export interface CachingMode extends Mode {
  /** Says CLIENT CACHING to one node again, where a command of keyfan's own has used it up. */
  repeat(lane: ReservedLane): void;
  /** Ends it, if that request is already on its way. */
  settle(): void;
  /** The request that was taken last was parked: it comes again. */
  giveBack(): void;
}
