/**
 * Numbers the data path keeps: plain fields and typed arrays, written without a call into a metrics library, read when
 * somebody scrapes. Prometheus names and labels are given in `prometheus.ts`.
 */

import { ERROR_CODES, ERROR_INDEX, type ErrorCode } from '../errors.ts';
import { DISCONNECT_REASONS, type DisconnectReason } from './disconnects.ts';

/** Durations from here on are in the last bucket; below, their microseconds fit 32 bits. */
const LAST_FROM_MS = 2 ** 26 / 1000;

/**
 * Durations in powers of two of a microsecond: bucket i counts values below 2^i µs; the last one everything.
 *
 *   i      0    1    2    3   …  10    …  20    …  26
 *   below  1µs  2µs  4µs  8µs   1.02ms   1.05s    67s
 */
export class DurationHistogram {
  static readonly BUCKETS = 28;
  readonly buckets = new Float64Array(DurationHistogram.BUCKETS);
  sumMs = 0;

  record(ms: number): void {
    const index = ms < LAST_FROM_MS ? 32 - Math.clz32(ms * 1000) : DurationHistogram.BUCKETS - 1;
    this.buckets[index] = (this.buckets[index] as number) + 1;
    this.sumMs += ms;
  }
}

/** Errors by `ERROR_INDEX`. */
class ErrorCounters {
  readonly errors = new Float64Array(ERROR_CODES.length);

  countError(code: ErrorCode): void {
    const index = ERROR_INDEX[code];
    this.errors[index] = (this.errors[index] as number) + 1;
  }
}

/** What one pool counts about its clients. */
export class PoolCounters extends ErrorCounters {
  connections = 0;
  connectionsTotal = 0;
  topologyVersion = 0;
  /** Held for clients: requests not handled yet and replies not taken yet. */
  bufferedBytes = 0;
  /** Times that a client had no `Credit` for the next bulk reply. */
  creditWaits = 0;
  /** By `DISCONNECT_REASONS`. */
  readonly disconnects = new Float64Array(DISCONNECT_REASONS.length);
  /** By `CommandRow.id`. */
  readonly requests: Float64Array;
  readonly duration = new DurationHistogram();

  constructor(commandCount: number) {
    super();
    this.requests = new Float64Array(commandCount);
  }

  countDisconnect(reason: DisconnectReason): void {
    const index = DISCONNECT_REASONS.indexOf(reason);
    this.disconnects[index] = (this.disconnects[index] as number) + 1;
  }
}

/**
 * What one backend counts about its node. Conservation, at rest: sent = delivered + dropped + failed.
 */
export class BackendCounters extends ErrorCounters {
  up = 0;
  /** Fragments accepted for this node. */
  requests = 0;
  inFlight = 0;
  queuedBytes = 0;
  /** Connections beside the shared one. */
  leases = 0;
  /** Connections that sessions have to themselves, and those that are kept for that. */
  reserved = 0;
  reconnects = 0;
  /** Connections with subscriptions that were lost, each with what was published meanwhile. */
  subscriptionsLost = 0;
  desyncs = 0;
  /** In-flight entries made, keyfan's own included. */
  sent = 0;
  delivered = 0;
  /** Replies consumed behind a tombstone. */
  dropped = 0;
  failed = 0;
  readonly duration = new DurationHistogram();
}
