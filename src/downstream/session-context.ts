import type { KernelRouting } from '../kernel/kernel.ts';
import type { PoolCounters } from '../observe/counters.ts';
import type { RequestView } from '../protocol/request.ts';
import type { RequestScanner } from '../protocol/request-scanner.ts';
import type { Memory } from '../util/memory.ts';
import type { Patience } from '../util/patience.ts';
import type { Turn } from '../util/turn.ts';
import type { LaneSets } from './lanes.ts';
import type { PacePool } from './pace.ts';

export interface SessionLimits {
  /** Requests waiting for replies; at this number keyfan stops reading from the client until half are answered. */
  readonly inFlightMax: number;
  /** Unsent reply bytes beyond which nothing more is done for the client until it has taken some. */
  readonly unsentBytesMax: number;
  /** Bytes read and not handled beyond which the client is disconnected; a request of any size up to this is read whole. */
  readonly queryBytesMax: number;
  /** Redis' proto-max-bulk-len. */
  readonly bulkMax: number;
}

/** What a session needs of its surroundings; one object for all sessions `S` of a pool. */
export interface SessionContext<S> {
  readonly limits: SessionLimits;
  readonly counters: PoolCounters;
  readonly turn: Turn;
  readonly patience: Patience;
  /** True where clients must authenticate. */
  readonly authRequired: boolean;
  readonly memory: Memory;
  readonly pace: PacePool;
  readonly lanes: LaneSets;
  /** How the kernel routes requests; null where it cannot. */
  readonly routing: KernelRouting | null;
  /** See `Express`. */
  forward(session: S, scanner: RequestScanner, src: Buffer, from: number, to: number): number;
  dispatch(session: S, view: RequestView): void;
  /** The node of the request whose first arguments `view` shows, if these decide it; NO_NODE where it must be read whole first. */
  route(session: S, view: RequestView, argsDeclared: number): number;
  /** Called once. */
  closed(session: S): void;
}
