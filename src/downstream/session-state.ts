import type { CommandRow } from '../command/row.ts';
import type { DisconnectReason } from '../observe/disconnects.ts';
import type { ReservedLane } from '../upstream/reserved-lane.ts';
import { formatEndpoint } from '../util/endpoint.ts';
import type { ClientSocket } from '../util/light-socket.ts';
import type { Listed } from '../util/roster.ts';
import type { Mode, SubscriptionState, TrackingState, TransactionMode } from './mode.ts';

/** What a session's requests have made of it. */
export class SessionState implements Listed {
  /** See `Listed` and `Flushable`. */
  place = -1;
  dirty = false;
  readonly connectedAt = Date.now();
  /** Set by CLIENT SETNAME and SETINFO. */
  name = '';
  libName = '';
  libVersion = '';
  user = 'default';
  /** Row of the last request. */
  lastCommand: CommandRow | null = null;
  /** Set where requests mean something else than usual. */
  mode: Mode | null = null;
  /** WATCHes and what is queued behind MULTI. */
  transaction: TransactionMode | null = null;
  /** Set once something was subscribed to. */
  subscriptions: SubscriptionState | null = null;
  /** Set while CLIENT TRACKING is on: all requests travel on connections of the session's own. */
  tracking: TrackingState | null = null;
  /** The connections on which the client waits for something to happen, for as long as it likes. */
  blocked: readonly ReservedLane[] | null = null;
  /** Whether the keys that it is blocked on belong to the node where it waits; null where it waits for none. */
  atHome: (() => boolean) | null = null;
  /** The client has ended its side: nothing may be waited for on its behalf that it could miss. */
  halfClosed = false;
  /** MONITOR shows it the requests of all clients. */
  monitoring = false;
  /** CLIENT REPLY OFF is in force. */
  silent = false;
  /** Held by CLIENT PAUSE. */
  onHold = false;
  /** Everything that is owed must be answered, and what is waited for be there, before another request is handled. */
  barrier = false;
  /** The request at hand comes again later. */
  parked = false;
  /** The next request has been here before. */
  again = false;
  /** See `blame`; null where the client left by itself. */
  disconnected: { readonly reason: DisconnectReason; readonly address: string | undefined } | null = null;

  /** True where the client waits for something that may take long. */
  get waits(): boolean {
    return this.blocked !== null || this.barrier;
  }

  /** What was waited for is there, or will not come. */
  unblock(): void {
    this.blocked = null;
    this.atHome = null;
  }

  /** The request at hand is not handled now: it comes again when everything that is owed has been answered and no lane is waited for. */
  park(): void {
    this.parked = true;
    this.again = true;
    this.barrier = true;
  }

  /** Why the session has to stay on the connections that it has; null where it may go to others. */
  get bound(): string | null {
    if (this.tracking !== null) return 'while CLIENT TRACKING is on';
    return this.transaction?.watching === true ? 'while keys are watched' : null;
  }

  /** EXEC, DISCARD or UNWATCH: requests mean what they always do. */
  endTransaction(): void {
    if (this.mode === this.transaction) this.mode = this.tracking?.caching ?? null;
    this.transaction = null;
  }

  /** Notes, the first time, why keyfan disconnects the client, and who it is: a closed socket does not tell. */
  blame(reason: DisconnectReason, { remoteAddress, remotePort }: ClientSocket): void {
    const address = remoteAddress === undefined ? undefined : formatEndpoint({ host: remoteAddress, port: remotePort ?? 0 });
    this.disconnected ??= { reason, address };
  }

  /** Nothing is tracked any more. */
  endTracking(): void {
    if (this.mode === this.tracking?.caching) this.mode = null;
    this.tracking = null;
  }
}
