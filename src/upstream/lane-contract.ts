import type { ErrorCode } from '../errors.ts';
import type { BackendCounters } from '../observe/counters.ts';
import type { OutBuffer } from '../util/out-buffer.ts';
import type { ConnectionOptions } from './connection-contract.ts';
import type { Greeting } from './handshake.ts';
import type { Identity } from './identity.ts';
import type { LeaseTaker } from './leases.ts';
import type { RefusedDatabases } from './refused-databases.ts';
import type { ReplyTarget } from './target.ts';

/** A session's way to one node. */
export interface Lane {
  /** Name of the node. */
  readonly node: string;
  /** Sends a fragment to the node; the target hears exactly once, possibly before this returns (refusals). */
  send(buf: Buffer, start: number, end: number, target: ReplyTarget, token: number, given: boolean): void;
  /** As `send`, for a request that was collected in an out-buffer, which is emptied. */
  sendCollected(request: OutBuffer, target: ReplyTarget, token: number): void;
  /**
   * As `sendCollected`, for several requests as one piece, with nothing between them: the last one's reply is for `target`, each other's for
   * `others` (token: its number from 0).
   */
  sendBatch(requests: OutBuffer, count: number, others: ReplyTarget, target: ReplyTarget, token: number): void;
  /** As `send`, on a connection where nothing waits behind the reply. Its caller sees to it that nothing else of the target's owner is in flight here. */
  sendAlone(buf: Buffer, start: number, end: number, target: ReplyTarget, token: number, given: boolean): void;
  /** As `send`, on a connection of clients whose replies may be of any size. Its caller sees to it that nothing else of the target's owner is in flight elsewhere. */
  sendAside(buf: Buffer, start: number, end: number, target: ReplyTarget, token: number, given: boolean): void;
  /** Gets `taker` a connection of its own for one request. */
  lease(taker: LeaseTaker): void;
  /** The taker does not wait for a connection any more. */
  cancel(taker: LeaseTaker): void;
}

/** What a lane `L` needs of the backend it belongs to. */
export interface LaneOwner<L> {
  readonly node: string;
  /** False where requests are to be refused at once. */
  readonly accepting: boolean;
  readonly counters: BackendCounters;
  readonly refusedDatabases: RefusedDatabases;
  /** The lane beside that one, of the same identity. */
  aside(identity: Identity): L;
  onGreeting(lane: L, greeting: Greeting, detail: string): void;
  /** The node refuses connections of that lane, for another reason than before. */
  onRefused(lane: L, detail: string): void;
  /** Whoever waits on the connection of that id (the node's own) waits for nothing any more, as far as what is sent from now on goes. */
  unblock(clientId: number): void;
  /** The shared connection of `lane` is gone; what was in flight has been failed. */
  onClosed(lane: L, code: ErrorCode, detail: string): void;
  /** A connection beside the shared one broke the protocol. */
  onBroken(detail: string): void;
  /** A request timed out. */
  onTimeout(lane: L): void;
  /** Asks the node whether it answers. */
  probe(): void;
}

export interface LaneOptions extends Omit<ConnectionOptions, 'identity' | 'reserved' | 'rank'> {
  readonly requestTimeoutMs: number;
  /** A connection that nobody has used for so long is closed. */
  readonly idleMs: number;
  /** Connections beside the shared one, for one request each. */
  readonly leasesMax: number;
  /** Connections that sessions keep for longer. */
  readonly reservedMax: number;
}
