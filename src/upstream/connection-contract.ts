import type { ErrorCode } from '../errors.ts';
import type { Endpoint } from '../util/endpoint.ts';
import type { Rank } from '../util/rests.ts';
import type { Credentials, Greeting } from './handshake.ts';
import type { Identity } from './identity.ts';

export interface ConnectionOptions {
  readonly endpoint: Endpoint;
  readonly node: string;
  readonly credentials: Credentials | undefined;
  readonly identity: Identity;
  /** For one session, for as long as it needs; see `Keeper`. */
  readonly reserved: boolean;
  /** How soon it goes on when it has brought its share of a turn, unless it is a lease: these bring bulk. */
  readonly rank: Rank;
  /** For connecting and the handshake together. */
  readonly connectTimeoutMs: number;
  readonly inFlightMax: number;
  readonly queuedBytesMax: number;
}

/** Whoever opened a connection `C`. */
export interface ConnectionOwner<C> {
  onGreeting(connection: C, greeting: Greeting, detail: string): void;
  /** A lease has been answered all that was sent. */
  onIdle(connection: C): void;
  /** A huge reply is coming on what is no lease: where possible this becomes one, and nothing more is sent here behind it. */
  onHuge(connection: C): void;
  /** Called once, after everything in flight has been failed. */
  onClosed(connection: C, code: ErrorCode, detail: string): void;
}

/** Who has a reserved connection. */
export interface Keeper {
  /** All that was sent has been answered. */
  onIdle(): void;
  /** The connection is gone; what was in flight has been failed. */
  onLost(detail: string): void;
  /** The node said, unasked, `buf[start, end)`: a push of RESP3. To be copied. */
  onPush(buf: Buffer, start: number, end: number): void;
}
