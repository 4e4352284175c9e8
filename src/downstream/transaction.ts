import { mayReplicate } from '../command/replicated.ts';
import type { CommandRow, Policy } from '../command/row.ts';
import { GUARDS } from '../command/special/guards.ts';
import { arrayReply, OK, simpleReply } from '../protocol/encode.ts';
import { encodeRequest } from '../protocol/multibulk.ts';
import { keepView, type RequestView } from '../protocol/request.ts';
import { NO_NODE } from '../routing/topology.ts';
import type { Lane } from '../upstream/lane-contract.ts';
import { ReservedLane } from '../upstream/reserved-lane.ts';
import type { PartTaker, ReplyTarget } from '../upstream/target.ts';
import { OutBuffer } from '../util/out-buffer.ts';
import { LARGE_REQUEST } from './large.ts';
import type { TransactionMode } from './mode.ts';
import { nodeOrFail } from './node-or-fail.ts';
import { ownLane } from './own-lane.ts';
import { NO_KEYS, type Router } from './router.ts';
import type { Scripts } from './scripts.ts';
import type { Session } from './session.ts';

const MULTI = encodeRequest(['MULTI']);
const EXEC = encodeRequest(['EXEC']);
const UNWATCH = encodeRequest(['UNWATCH']);
const QUEUED = simpleReply('QUEUED');
const EMPTY = arrayReply([]);

/** What keyfan answers elsewhere, and every node answers alike. */
const HARMLESS_LOCALS: ReadonlySet<string> = new Set(['ping', 'echo', 'time', 'command']);
/** Policies of commands that may stand in a transaction. */
const QUEUED_POLICIES: Readonly<Partial<Record<Policy, true>>> = {
  shard: true,
  split: true,
  script: true,
  block: true,
  publish: true,
  any: true,
};

/** What transactions need of their surroundings. */
export interface TransactionContext {
  readonly router: Router;
  readonly scripts: Scripts;
  /** Bytes that one transaction may queue; above it the client is disconnected. */
  readonly queuedBytesMax: number;
}

/**
 * One session's WATCHes and its transaction. keyfan queues the commands itself. At EXEC it sends them in one piece, MULTI and EXEC around
 * them, to the node of their keys: nobody's request comes between them, and until then no connection is needed.
 *
 *   WATCH k ─▶ own lane, pinned ─────────────────────┐
 *   MULTI ─▶ OK   SET k v ─▶ QUEUED   …  EXEC ─▶ MULTI SET … EXEC ─▶ node     without WATCH and scripts, and not large: on the shared lane
 */
export class Transaction implements TransactionMode {
  readonly #session: Session;
  readonly #context: TransactionContext;
  /** The node of all keys; NO_KEYS before one was named. */
  #node = NO_KEYS;
  /** The topology's version when it was named. */
  #version = 0;
  /** Where keys are watched. */
  #watch: ReservedLane | null = null;
  /** MULTI was said. */
  #open = false;
  writes = false;
  /** A command could not be queued. */
  #invalid = false;
  readonly #queue = new OutBuffer();
  #count = 0;
  /** Requests of scripts (EVAL, EVALSHA, FCALL …), so that their node can be given the script first; null where there is none. */
  #scripts: { readonly row: CommandRow; readonly view: RequestView }[] | null = null;

  constructor(session: Session, context: TransactionContext) {
    this.#session = session;
    this.#context = context;
  }

  /** Bytes that wait here. */
  get heldBytes(): number {
    return this.#queue.length;
  }

  get queued(): number {
    return this.#open ? this.#count : -1;
  }

  get watching(): boolean {
    return this.#watch !== null;
  }

  onInvalid(): void {
    this.#invalid = true;
  }

  /** WATCH, UNWATCH, MULTI, EXEC, DISCARD. */
  command(view: RequestView, row: CommandRow): void {
    HANDLERS[row.name as TransactionCommand](this, view, row);
  }

  multi(): void {
    const session = this.#session;
    if (this.#open) {
      session.fail(session.open(), 'refused', 'MULTI calls can not be nested');
      return;
    }
    this.#open = true;
    session.mode = this;
    session.reply(OK);
  }

  watch(view: RequestView, row: CommandRow): void {
    const session = this.#session;
    if (this.#open) {
      session.fail(session.open(), 'refused', 'WATCH inside MULTI is not allowed');
      return;
    }
    const node = this.#nodeOfKeys(view, row);
    if (node === null) return;
    if (this.#watch !== null && this.#watch.connection === null) session.fail(session.open(), 'not_sent', this.#watch.node);
    else this.#watchOn(node, view);
  }

  #watchOn(node: number, view: RequestView): void {
    const session = this.#session;
    const lane = ownLane(session, node);
    if (lane === null) return;
    this.#settleOn(node);
    this.#watch = lane;
    lane.pinned = true;
    lane.send(view.buf, view.base, view.limit, session, session.open(), session.give(view));
  }

  unwatch(): void {
    const session = this.#session;
    if (this.#open) {
      // As in Redis: queued, and without effect there, since EXEC ends all watching.
      this.#add(UNWATCH, 0, UNWATCH.length);
      return;
    }
    this.drop();
    session.reply(OK);
  }

  discard(): void {
    const session = this.#session;
    if (!this.#open) {
      session.fail(session.open(), 'refused', 'DISCARD without MULTI');
      return;
    }
    this.drop();
    session.reply(OK);
  }

  /** Takes a request that stands between MULTI and EXEC. */
  take(view: RequestView, row: CommandRow): boolean {
    if (row.policy === 'transaction' || row.local === 'quit' || row.local === 'reset') return false;
    const node = this.#nodeOf(view, row);
    if (node === null) {
      this.#invalid = true;
      return true;
    }
    if (node !== NO_KEYS) this.#settleOn(node);
    if (row.policy === 'script') this.#addScript(view, row);
    if (mayReplicate(row)) this.writes = true;
    this.#add(view.buf, view.base, view.limit);
    return true;
  }

  /** Where the request belongs, NO_KEYS where that is any node; null where it was answered with why it cannot be queued. */
  #nodeOf(view: RequestView, row: CommandRow): number | null {
    const session = this.#session;
    const refusal = row.guard === undefined ? null : GUARDS[row.guard](view, this.#context.router.covers);
    if (refusal !== null || row.refusal !== undefined) {
      session.fail(session.open(), 'refused', refusal ?? row.refusal);
      return null;
    }
    if (!QUEUED_POLICIES[row.policy] && !HARMLESS_LOCALS.has(row.local ?? '')) {
      session.fail(session.open(), 'refused', `keyfan: '${row.name}' is not supported in a transaction: a transaction is one node's`);
      return null;
    }
    return this.#nodeOfKeys(view, row);
  }

  /** As `#nodeOf`, as far as the keys decide it. */
  #nodeOfKeys(view: RequestView, row: CommandRow): number | null {
    const session = this.#session;
    const node = nodeOrFail(session, this.#context.router, view, row, () => NO_KEYS);
    if (node === null || node === NO_KEYS || this.#node === NO_KEYS || node === this.#node) return node;
    session.fail(session.open(), 'cross_slot');
    return null;
  }

  #settleOn(node: number): void {
    if (this.#node === NO_KEYS) this.#version = this.#context.router.topology.version;
    this.#node = node;
  }

  #addScript(view: RequestView, row: CommandRow): void {
    this.#scripts ??= [];
    this.#scripts.push({ row, view: keepView(view) });
  }

  #add(buf: Buffer, start: number, end: number): void {
    this.#queue.append(buf, start, end, false);
    this.#count++;
    if (this.#queue.length > this.#context.queuedBytesMax) this.#session.destroy('query_limit');
    else this.#session.reply(QUEUED);
  }

  exec(): void {
    const session = this.#session;
    if (!this.#open) session.fail(session.open(), 'refused', 'EXEC without MULTI');
    else if (this.#invalid) this.#abort();
    else if (this.#node !== NO_KEYS && this.#version !== this.#context.router.topology.version) this.#moved();
    else if (this.#watch !== null) this.#execWatched(this.#watch);
    else if (this.#count === 0) this.#answerEmpty();
    else this.#execOn();
  }

  #abort(): void {
    this.drop();
    this.#session.fail(this.#session.open(), 'exec_abort');
  }

  /** Where other nodes are in service the keys may belong to another one, and what was written here would be seen by nobody. */
  #moved(): void {
    this.drop();
    this.#session.fail(this.#session.open(), 'exec_invalid', 'nodes have left or joined the pool since its keys were named');
  }

  #answerEmpty(): void {
    this.drop();
    this.#session.reply(EMPTY);
  }

  #execWatched(lane: ReservedLane): void {
    lane.pinned = false;
    this.#watch = null;
    this.#sendOwn(lane);
  }

  /** What follows a large one would find the queue full. */
  #sendOwn(lane: ReservedLane): void {
    if (this.#queue.length > LARGE_REQUEST) this.#session.barrier = true;
    this.#send(lane);
  }

  #execOn(): void {
    const session = this.#session;
    const node = this.#node === NO_KEYS ? this.#context.router.anyNode() : this.#node;
    const shared = node === NO_NODE ? undefined : session.lanes.at[node];
    if (shared === undefined) {
      this.drop();
      session.fail(session.open(), 'no_nodes');
      return;
    }
    if (this.#scripts === null && this.#queue.length <= LARGE_REQUEST) {
      this.#send(shared);
      return;
    }
    const lane = ownLane(session, node);
    if (lane !== null) this.#sendOwn(lane);
    // There is no own connection: EXEC either comes again (it was parked) or has been answered, which ends the transaction.
    else if (!session.parked) this.drop();
  }

  #send(lane: Lane): void {
    const session = this.#session;
    const batch = new OutBuffer();
    batch.append(MULTI, 0, MULTI.length, false);
    batch.absorb(this.#queue);
    batch.append(EXEC, 0, EXEC.length, false);
    if (lane instanceof ReservedLane)
      for (const { view, row } of this.#scripts ?? []) this.#context.scripts.provide(session, lane, view, row);
    const multi = new Multi(session);
    lane.sendBatch(batch, this.#count + 2, multi, multi.exec, session.open());
    if (this.#scripts !== null && lane instanceof ReservedLane) lane.fence();
    this.drop();
  }

  drop(): void {
    const watch = this.#watch;
    if (watch !== null) {
      watch.pinned = false;
      watch.tell(UNWATCH);
    }
    this.#queue.clear();
    this.#session.endTransaction();
  }
}

/** Hears what the node says to MULTI and to each queued command, and lets EXEC's reply pass if there was a transaction. */
class Multi implements ReplyTarget {
  readonly owner: object;
  readonly parts = null;
  readonly exec: ReplyTarget;
  readonly #session: Session;
  #refusal = '';

  constructor(session: Session) {
    this.owner = session;
    this.#session = session;
    this.exec = {
      owner: session,
      parts: session as PartTaker,
      onReply: (token, buf, start, end, given) => this.#onExec(token, buf, start, end, given),
      onFailure: (token, code, detail) => session.onFailure(token, code, detail),
    };
  }

  onReply(index: number, buf: Buffer, start: number, end: number): boolean {
    if (index === 0 && buf[start] === OK[0]) return true;
    if (index === 0) this.#refusal = buf.toString('latin1', start + 1, end - 2);
    return true;
  }

  /** EXEC fails, too. */
  onFailure(): void {}

  #onExec(token: number, buf: Buffer, start: number, end: number, given: boolean): boolean {
    if (this.#refusal === '') return this.#session.onReply(token, buf, start, end, given);
    this.#session.onFailure(token, 'partly_executed', `the node refused MULTI (${this.#refusal}), its commands may have run one by one`);
    return true;
  }
}

type TransactionCommand = 'multi' | 'exec' | 'discard' | 'watch' | 'unwatch';

const HANDLERS: Readonly<Record<TransactionCommand, (transaction: Transaction, view: RequestView, row: CommandRow) => void>> = {
  multi: (transaction) => transaction.multi(),
  exec: (transaction) => transaction.exec(),
  discard: (transaction) => transaction.discard(),
  watch: (transaction, view, row) => transaction.watch(view, row),
  unwatch: (transaction) => transaction.unwatch(),
};
