import type { CommandRow, Policy } from '../command/row.ts';
import { BLOCKS } from '../command/special/blocks.ts';
import { CHOOSES } from '../command/special/chooses.ts';
import { GUARDS } from '../command/special/guards.ts';
import { isWhole, SPLITS, type Split } from '../command/split.ts';
import { arityOk, commandOf } from '../command/table.ts';
import { arityText, unknownText } from '../command/texts.ts';
import { ERRORS } from '../errors.ts';
import type { PoolCounters } from '../observe/counters.ts';
import { argBytes, argText, type RequestView } from '../protocol/request.ts';
import { NO_NODE } from '../routing/topology.ts';
import type { Lane } from '../upstream/lane-contract.ts';
import type { Attention } from './attention.ts';
import { runBlocking, runWait } from './blocking.ts';
import { broadcast, liveLanes } from './broadcast.ts';
import { FanOut } from './fan-out.ts';
import { Fleet } from './fleet/fleet.ts';
import type { LaneSets } from './lanes.ts';
import { wayFor } from './large.ts';
import { LATER } from './local/answer.ts';
import { FREE_BEFORE_AUTH, LOCALS, type LocalContext } from './local/registry.ts';
import { Pubsub } from './pubsub/pubsub.ts';
import { CROSS_SLOT, NO_KEYS, type Router } from './router.ts';
import { ScriptStore } from './script-store.ts';
import { Scripts } from './scripts.ts';
import type { Session } from './session.ts';
import { Splitter } from './splitter.ts';
import { hasStreams, splitStreams } from './stream-split.ts';
import { Transaction, type TransactionContext } from './transaction.ts';
import { UnknownCommands } from './unknown-commands.ts';

export interface DispatcherOptions {
  readonly router: Router;
  readonly lanes: LaneSets;
  readonly counters: PoolCounters;
  readonly local: LocalContext;
  /** In a pool where any node serves every key: send writes to all of them. */
  readonly writesToAll: boolean;
  /** Scripts run on shared connections. */
  readonly shareScripts: boolean;
  /** Names that one client may subscribe to. */
  readonly subscriptionsMax: number;
  /** Commands that manage the nodes pass. */
  readonly adminAllowed: boolean;
  /** Bytes that one transaction may queue. */
  readonly queuedBytesMax: number;
}

/** Names that only a web page tricked into talking to us would send (cross-protocol scripting); as in Redis, up to a NUL. */
const FOREIGN_NAMES = /^(post|host:)(\0|$)/i;

/**
 * Decides for each request where it goes. One for all sessions of a pool: a request is handled in one step.
 *
 *   request ─▶ row ─▶ arity, authentication ─▶ PLANS[row.policy] ─▶ reply queue place + fragment(s), or a reply at once
 */
export class Dispatcher {
  readonly #router: Router;
  readonly #counters: PoolCounters;
  readonly #local: LocalContext;
  readonly #attention: Attention;
  readonly #writesToAll: boolean;
  readonly #keyed: boolean;
  readonly #splitter: Splitter;
  readonly #scripts: Scripts;
  readonly #transactions: TransactionContext;
  readonly #fleet: Fleet;
  readonly #pubsub: Pubsub;
  readonly #unknownCommands: UnknownCommands;

  constructor(options: DispatcherOptions) {
    const { router } = options;
    this.#router = router;
    this.#counters = options.counters;
    this.#local = options.local;
    this.#attention = options.local.attention;
    this.#writesToAll = options.writesToAll;
    this.#keyed = router.keyed;
    this.#splitter = new Splitter(router.topology.nodes.length);
    const store = new ScriptStore();
    this.#scripts = new Scripts(router, store, options.shareScripts);
    this.#fleet = new Fleet(router, store, options.shareScripts, options.adminAllowed);
    this.#unknownCommands = new UnknownCommands(router);
    this.#pubsub = new Pubsub(router, options.lanes, options.subscriptionsMax);
    this.#transactions = { router, scripts: this.#scripts, queuedBytesMax: options.queuedBytesMax };
  }

  dispatch(session: Session, view: RequestView): void {
    const { again } = session;
    session.again = false;
    this.#handle(session, view, again);
    // It may have waited for connections that it did not need in the end.
    if (again && !session.parked) session.lanes.releaseUnused();
  }

  #handle(session: Session, view: RequestView, again: boolean): void {
    const row = commandOf(view) ?? this.#unknown(session, view);
    if (row === null) return;
    if (!again) this.#count(session, row);
    if (!arityOk(row, view.argc)) {
      this.#wrongArity(session, row);
      return;
    }
    if (!session.authenticated && !FREE_BEFORE_AUTH.has(row.name)) {
      if (row.name === 'exec') session.fail(session.open(), 'exec_invalid', ERRORS.no_auth.text);
      else session.fail(session.open(), 'no_auth');
      return;
    }
    if (this.#attention.active && this.#attention.holds(session, view, row, again)) return;
    if (session.mode?.take(view, row)) return;
    if (this.#keyed && row.soleKey > 0 && row.policy === 'shard') this.#forward(session, view, this.#router.nodeOfSole(view, row.soleKey));
    else this.#plans[row.policy](session, view, row);
    if (session.parked) session.tracking?.caching?.giveBack();
  }

  /**
   * Where a request goes of which `view` shows only the first arguments, out of `argsDeclared`: its node, where these decide it and nothing
   * speaks against it, and then it counts as received; else NO_NODE, and it has to be read whole first.
   */
  route(session: Session, view: RequestView, argsDeclared: number): number {
    if (!this.#keyed || !session.authenticated || session.mode !== null || this.#attention.active || view.argc === 0) return NO_NODE;
    const row = commandOf(view);
    if (row === null || row.policy !== 'shard' || row.guard !== undefined || !arityOk(row, argsDeclared)) return NO_NODE;
    if (row.soleKey === 0 || row.soleKey >= view.argc) return NO_NODE;
    const node = this.#router.nodeOfSole(view, row.soleKey);
    if (node !== NO_NODE) this.#count(session, row);
    return node;
  }

  #count(session: Session, row: CommandRow): void {
    const requests = this.#counters.requests;
    requests[row.id] = (requests[row.id] as number) + 1;
    session.lastCommand = row;
  }

  readonly #plans: Readonly<Record<Policy, (session: Session, view: RequestView, row: CommandRow) => void>> = {
    shard: (session, view, row) => this.#shard(session, view, row),
    split: (session, view, row) => this.#split(session, view, row),
    any: (session, view) => this.#forward(session, view, this.#router.anyNode()),
    local: (session, view, row) => this.#answer(session, view, row),
    script: (session, view, row) => this.#script(session, view, row),
    block: (session, view, row) => this.#block(session, view, row),
    wait: (session, view, row) => runWait(session, view, row, this.#router),
    transaction: (session, view, row) => this.#transaction(session, view, row),
    fleet: (session, view, row) => this.#fleet.run(session, view, row),
    publish: (session, view) => this.#forward(session, view, this.#router.nodeOfName(argBytes(view, 1))),
    pubsub: (session, view, row) => this.#pubsub.run(session, view, row),
    refuse: (session, _view, row) => session.fail(session.open(), 'refused', row.refusal),
  };

  /** The row of a command that only the nodes know; null where the request is parked until they have told, or was answered. */
  #unknown(session: Session, view: RequestView): CommandRow | null {
    if (FOREIGN_NAMES.test(argText(view, 0))) {
      session.destroy('cross_protocol');
      return null;
    }
    const row = this.#unknownCommands.find(session, view);
    if (row === undefined) {
      // It was not looked at yet: when it comes again it is as new.
      session.again = false;
      return null;
    }
    if (row !== null) return row;
    session.mode?.onInvalid();
    session.fail(session.open(), 'unknown_command', unknownText(view));
    return null;
  }

  #wrongArity(session: Session, row: CommandRow): void {
    if (row.name === 'exec') {
      // As Redis: also where there is no transaction.
      session.transaction?.drop();
      session.fail(session.open(), 'exec_invalid', arityText(row));
      return;
    }
    session.mode?.onInvalid();
    session.fail(session.open(), 'wrong_arity', arityText(row));
  }

  #answer(session: Session, view: RequestView, row: CommandRow): void {
    const answer = LOCALS[row.local as keyof typeof LOCALS](session, view, row, this.#local);
    if (answer === LATER) return;
    if (answer instanceof Uint8Array) session.reply(answer as Buffer);
    else session.fail(session.open(), answer.code, answer.detail);
    if (row.local !== 'quit') return;
    session.subscriptions?.close();
    session.close();
  }

  /** Sends the request as it came to one node. */
  #forward(session: Session, view: RequestView, node: number): void {
    const way = wayFor(session, view);
    if (way === null) return;
    const token = session.open();
    if (node === NO_NODE) {
      session.fail(token, 'no_nodes');
      return;
    }
    const lane = session.lanes.at[node] as Lane;
    const given = session.give(view);
    if (way === 'sendAlone' || session.pace.asksBulk) lane.sendAlone(view.buf, view.base, view.limit, session, token, given);
    else if (session.pace.goesAside()) lane.sendAside(view.buf, view.base, view.limit, session, token, given);
    else lane.send(view.buf, view.base, view.limit, session, token, given);
  }

  #shard(session: Session, view: RequestView, row: CommandRow): void {
    const refusal = row.guard === undefined ? null : GUARDS[row.guard](view, this.#router.covers);
    if (refusal !== null) {
      session.fail(session.open(), 'refused', refusal);
      return;
    }
    if (!this.#keyed) {
      this.#anywhere(session, view, row);
      return;
    }
    const node = this.#router.nodeOf(view, row);
    if (node === CROSS_SLOT) session.fail(session.open(), 'cross_slot');
    // Not a valid request: whichever node gets it answers with Redis' own error.
    else this.#forward(session, view, node === NO_KEYS ? this.#router.anyNode() : node);
  }

  #script(session: Session, view: RequestView, row: CommandRow): void {
    if (this.#copies(row)) this.#refuseCopies(session, row);
    else this.#scripts.run(session, view, row);
  }

  #block(session: Session, view: RequestView, row: CommandRow): void {
    const waits = row.blocks === undefined || BLOCKS[row.blocks](view);
    if (!waits && row.name === 'xread' && hasStreams(view) && this.#router.nodeOf(view, row) === CROSS_SLOT)
      splitStreams(session, view, this.#router);
    else if (!waits) this.#shard(session, view, row);
    else if (this.#copies(row)) this.#refuseCopies(session, row);
    else runBlocking(session, view, row, this.#router);
  }

  #transaction(session: Session, view: RequestView, row: CommandRow): void {
    if (!this.#keyed) {
      this.#refuseCopies(session, row);
      return;
    }
    session.transaction ??= new Transaction(session, this.#transactions);
    session.transaction.command(view, row);
  }

  /** True where all nodes are to hold what the command writes. */
  #copies(row: CommandRow): boolean {
    return !this.#keyed && this.#writesToAll && row.write;
  }

  #refuseCopies(session: Session, row: CommandRow): void {
    const why = 'the nodes of this pool hold copies, which it would make differ';
    session.fail(session.open(), 'refused', `keyfan: '${row.name}' is not supported: ${why}`);
  }

  #split(session: Session, view: RequestView, row: CommandRow): void {
    const split = SPLITS[row.split as keyof typeof SPLITS];
    if (!isWhole(split, view.argc)) {
      session.fail(session.open(), 'wrong_arity', arityText(row));
      return;
    }
    if (!this.#keyed) {
      this.#anywhere(session, view, row);
      return;
    }
    const splitter = this.#splitter;
    const keys = (view.argc - split.first) / split.step;
    splitter.split(view, split.first, split.step, keys, this.#router.topology);
    if (splitter.fragments <= 1) this.#forward(session, view, splitter.fragments === 0 ? NO_NODE : (splitter.node[0] as number));
    else this.#fanOut(session, view, row, split, keys);
  }

  /** Sends each node the part of the request that has its keys. */
  #fanOut(session: Session, view: RequestView, row: CommandRow, split: Split, keys: number): void {
    const way = wayFor(session, view);
    if (way === null) return;
    const { fragments, node, order, bufs, start, end } = this.#splitter;
    const lanes: Lane[] = [];
    for (let i = 0; i < fragments; i++) lanes.push(session.lanes.at[node[i] as number] as Lane);
    const fanOut = new FanOut(session, session.open(true), split.merge, row.write, lanes, order, split.merge === 'array' ? keys : 0);
    for (let i = 0; i < fragments; i++) {
      (lanes[i] as Lane)[way](bufs[i] as Buffer, start[i] as number, end[i] as number, fanOut, i, false);
    }
  }

  /** In a pool whose nodes all hold everything: one node, or all of them where copies would tell different stories. */
  #anywhere(session: Session, view: RequestView, row: CommandRow): void {
    const copies = this.#copies(row);
    if (!row.everywhere && !copies) {
      this.#forward(session, view, this.#router.pickNode());
      return;
    }
    if (copies && CHOOSES.get(row.name)?.(view) === true) {
      this.#refuseCopies(session, row);
      return;
    }
    const lanes = liveLanes(session, this.#router.topology);
    if (lanes !== null) broadcast(session, view, lanes, { merge: 'best', write: row.write });
  }
}
