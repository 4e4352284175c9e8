import type { Test } from 'tap';
import { ERROR_INDEX, type ErrorCode } from '../../../src/errors.ts';
import { BackendCounters } from '../../../src/observe/counters.ts';
import type { Connection } from '../../../src/upstream/connection.ts';
import type { Keeper } from '../../../src/upstream/connection-contract.ts';
import type { Greeting } from '../../../src/upstream/handshake.ts';
import type { Identity } from '../../../src/upstream/identity.ts';
import { SharedLane } from '../../../src/upstream/lane.ts';
import type { LaneOptions, LaneOwner } from '../../../src/upstream/lane-contract.ts';
import type { LeaseTaker } from '../../../src/upstream/leases.ts';
import { RefusedDatabases } from '../../../src/upstream/refused-databases.ts';
import type { Part, PartTaker, ReplyTarget } from '../../../src/upstream/target.ts';
import type { Rank } from '../../../src/util/rests.ts';
import { Turn } from '../../../src/util/turn.ts';
import { encode } from '../../support/resp.ts';
import { type Script, type ScriptedNode, type ScriptedRequest, startScriptedNode } from '../../support/scripted-node.ts';
import { until } from '../../support/wait.ts';

export const TIMEOUT_MS = 60_000;
export const IDLE_MS = 30_000;

/** Remembers what it hears, as `TOKEN REPLY` or `TOKEN !CODE NODE`; of parts only how many bytes there were. */
export class Waiter implements ReplyTarget, PartTaker {
  readonly owner: object;
  readonly parts: PartTaker | null;
  readonly heard: string[] = [];
  partBytes = 0;

  constructor(owner?: object, takesParts = false) {
    this.owner = owner ?? this;
    this.parts = takesParts ? this : null;
  }

  onReply(token: number, buf: Buffer, start: number, end: number): boolean {
    this.heard.push(`${token} ${buf.toString('latin1', start, end).trimEnd()}`);
    return true;
  }

  onFailure(token: number, code: ErrorCode, detail: string): void {
    this.heard.push(`${token} !${code} ${detail}`);
  }

  onPart(token: number, part: Part): boolean {
    this.partBytes += part.end - part.start;
    if (part.last) this.heard.push(`${token} ${part.total} bytes`);
    return true;
  }

  onCutOff(token: number): void {
    this.heard.push(`${token} cut off`);
  }
}

/** Remembers what it was given. */
export class Taker implements LeaseTaker {
  lease: Connection | null = null;
  refused: ErrorCode | null = null;

  onLease(lease: Connection): void {
    this.lease = lease;
  }

  onNoLease(code: ErrorCode): void {
    this.refused = code;
  }
}

/** Keeps a reserved connection. */
export class Keeps implements Keeper {
  idle = 0;
  lost: string | null = null;
  onIdle(): void {
    this.idle++;
  }
  onLost(detail: string): void {
    this.lost = detail;
  }
  onPush(): void {}
}

/** What a lane needs of its backend; remembers what it is told. */
export class Owner implements LaneOwner<SharedLane> {
  readonly node = 'a';
  readonly counters = new BackendCounters();
  readonly refusedDatabases = new RefusedDatabases();
  readonly heard: string[] = [];
  accepting = true;
  beside: SharedLane | null = null;

  aside(_identity: Identity): SharedLane {
    return this.beside as SharedLane;
  }
  onGreeting(_lane: SharedLane, greeting: Greeting): void {
    this.heard.push(greeting);
  }
  onRefused(_lane: SharedLane, detail: string): void {
    this.heard.push(`refused ${detail}`);
  }
  onClosed(_lane: SharedLane, code: ErrorCode, detail: string): void {
    this.heard.push(`closed ${code} ${detail}`);
  }
  unblock(clientId: number): void {
    this.heard.push(`unblock ${clientId}`);
  }
  onBroken(detail: string): void {
    this.heard.push(`broken ${detail}`);
  }
  onTimeout(): void {
    this.heard.push('timeout');
  }
  probe(): void {
    this.heard.push('probe');
  }
  errors(code: ErrorCode): number {
    return this.counters.errors[ERROR_INDEX[code]] as number;
  }
}

/** A lane to a node that answers PING and CLIENT ID of handshakes itself, and all else by `script`. */
export interface Site {
  readonly node: ScriptedNode;
  readonly owner: Owner;
  readonly lane: SharedLane;
  /** Another lane to the same node. */
  another(rank?: Rank, owner?: Owner): SharedLane;
  /** The requests beyond handshakes, as `CONNECTION WORDS`. */
  readonly asked: string[];
  waitAsked(count: number): Promise<void>;
}

export interface SiteOptions extends Partial<LaneOptions> {
  readonly identity?: Identity;
}

/** A handshake ends with PING. */
function handshakeAnswer({ args }: ScriptedRequest): string {
  if (args[0] === 'HELLO') return '%1\r\n+proto\r\n:3\r\n';
  return args[0] === 'CLIENT' ? ':7\r\n' : '+PONG\r\n';
}

export async function startSite(t: Test, script: Script, { identity = { protocol: 2, database: 0 }, ...options }: SiteOptions = {}) {
  const owner = new Owner();
  const asked: string[] = [];
  const greeted = new Set<number>();
  const node = await startScriptedNode((request) => {
    const { id } = request.connection;
    if (!greeted.has(id)) {
      if (request.args[0] === 'PING') greeted.add(id);
      return handshakeAnswer(request);
    }
    asked.push(`${id} ${request.args.join(' ')}`);
    return script(request);
  });
  const turn = new Turn();
  const all = {
    endpoint: { host: '127.0.0.1', port: node.port },
    node: 'a',
    credentials: undefined,
    connectTimeoutMs: 10_000,
    inFlightMax: 100,
    queuedBytesMax: 64 * 1024 * 1024,
    requestTimeoutMs: TIMEOUT_MS,
    idleMs: IDLE_MS,
    leasesMax: 4,
    reservedMax: 4,
    ...options,
  };
  const lanes: SharedLane[] = [];
  const another = (rank: Rank = 'urgent', of = owner): SharedLane => {
    const lane = new SharedLane(identity, rank, all, of, turn);
    lanes.push(lane);
    return lane;
  };
  const lane = another();
  t.teardown(async () => {
    for (const each of lanes) each.stop();
    await node.stop();
  });
  const waitAsked = async (count: number): Promise<void> => {
    await until(
      () => asked.length >= count,
      () => `${count} requests, there are ${asked.length}`,
    );
  };
  return { node, owner, lane, another, asked, waitAsked } satisfies Site;
}

/** A reserved connection and who keeps it, once it is greeted. */
export async function reserved(lane: SharedLane): Promise<{ connection: Connection; keeper: Keeps }> {
  const taker = new Taker();
  lane.reserve(taker);
  const connection = taker.lease as Connection;
  const keeper = new Keeps();
  connection.keeper = keeper;
  await until(() => connection.greeted, 'the connection');
  return { connection, keeper };
}

/** Sends these words for `target`. */
export function ask(lane: Pick<SharedLane, 'send'>, target: ReplyTarget, token: number, ...words: string[]): void {
  const request = encode(words);
  lane.send(request, 0, request.length, target, token, false);
}

export async function heard(waiter: { readonly heard: readonly string[] }, count: number): Promise<readonly string[]> {
  await until(
    () => waiter.heard.length >= count,
    () => `${count} outcomes, there are ${waiter.heard.length}`,
  );
  return waiter.heard;
}
