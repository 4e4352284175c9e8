import { argLower } from '../../command/argument.ts';
import { BROADCASTS, type Broadcast, type BroadcastName } from '../../command/fleet.ts';
import type { CommandRow, FleetName } from '../../command/row.ts';
import { argBytes, type RequestView } from '../../protocol/request.ts';
import { NO_NODE } from '../../routing/topology.ts';
import type { Lane } from '../../upstream/lane-contract.ts';
import type { ReplyTarget } from '../../upstream/target.ts';
import { broadcast, liveLanes } from '../broadcast.ts';
import { ownLanes } from '../own-lane.ts';
import type { Router } from '../router.ts';
import type { ScriptStore } from '../script-store.ts';
import type { Session } from '../session.ts';
import { RandomKey } from './random-key.ts';
import { Scan } from './scan.ts';
import { Newest } from './slowlog.ts';

/** They run code that the client wrote, as scripts do: behind a fence, too. */
const CODE: ReadonlySet<string> = new Set(['function|load', 'function|restore']);
/** What DEBUG tells of keys. */
const OF_KEYS = 'digest-value';
/** What it tells of a key; that of several, too. */
const OF_A_KEY: ReadonlySet<string> = new Set(['object', 'sdslen', 'listpack', 'ziplist', 'htstats-key', OF_KEYS]);
/** What SCRIPT FLUSH may be told. */
const FLUSH_MODES: ReadonlySet<string> = new Set(['sync', 'async']);

type Runner = (session: Session, view: RequestView, lanes: readonly Lane[]) => void;

/** Requests about all keys, or all nodes, of the pool. A node that does not answer makes it an error, never a smaller answer. */
export class Fleet {
  readonly #router: Router;
  readonly #scripts: ScriptStore;
  readonly #scan: Scan;
  readonly #shareScripts: boolean;
  readonly #adminAllowed: boolean;

  constructor(router: Router, scripts: ScriptStore, shareScripts: boolean, adminAllowed: boolean) {
    this.#shareScripts = shareScripts;
    this.#router = router;
    this.#scripts = scripts;
    this.#scan = new Scan(router);
    this.#adminAllowed = adminAllowed;
  }

  run(session: Session, view: RequestView, row: CommandRow): void {
    if (row.admin && !this.#adminAllowed) {
      const why = "it manages the nodes, which this pool's admin_commands does not allow";
      session.fail(session.open(), 'refused', `keyfan: '${row.name}' is not supported: ${why}`);
      return;
    }
    const lanes = liveLanes(session, this.#router.topology);
    if (lanes === null) return;
    const name = row.fleet as FleetName;
    if (CODE.has(row.name) && !this.#shareScripts) {
      this.#fenced(session, view, BROADCASTS[name as BroadcastName]);
      return;
    }
    this.#follow(view, row);
    const runner = this.#runners[name];
    if (runner !== undefined) runner(session, view, lanes);
    else this.#broadcast(session, view, lanes, BROADCASTS[name as BroadcastName]);
  }

  readonly #runners: Readonly<Record<Exclude<FleetName, BroadcastName>, Runner> & Partial<Record<BroadcastName, undefined>>> = {
    scan: (session, view) => this.#scan.run(session, view),
    random_key: (session) => new RandomKey(session, this.#router.liveNodes()).run(),
    debug: (session, view, lanes) => this.#debug(session, view, lanes),
    slowlog: (session, view, lanes) => this.#broadcast(session, view, lanes, BROADCASTS.concat, new Newest(session, view)),
  };

  #debug(session: Session, view: RequestView, lanes: readonly Lane[]): void {
    const what = argLower(view, 1);
    const node = view.argc > 2 && OF_A_KEY.has(what) ? this.#router.nodeOfName(argBytes(view, 2)) : NO_NODE;
    const lane = session.lanes.at[node];
    for (let i = 3; what === OF_KEYS && i < view.argc; i++) {
      if (this.#router.nodeOfName(argBytes(view, i)) === node) continue;
      session.fail(session.open(), 'cross_slot');
      return;
    }
    if (lane === undefined) this.#broadcast(session, view, lanes, BROADCASTS.said);
    else lane.send(view.buf, view.base, view.limit, session, session.open(), session.give(view));
  }

  /** On connections of the session's own. */
  #fenced(session: Session, view: RequestView, how: Broadcast): void {
    const lanes = ownLanes(session, this.#router.liveNodes());
    if (lanes === null) return;
    this.#broadcast(session, view, lanes, how);
    if (session.parked) return;
    for (const lane of lanes) lane.fence();
  }

  #broadcast(session: Session, view: RequestView, lanes: readonly Lane[], how: Broadcast, parent: ReplyTarget = session): void {
    // Where nodes hold copies the same key may be on several.
    const { merge, write } = how;
    broadcast(session, view, lanes, { merge: merge === 'concat' && !this.#router.keyed ? 'union' : merge, write }, parent);
  }

  /** What keyfan remembers of scripts follows what the nodes are told. */
  #follow(view: RequestView, row: CommandRow): void {
    if (row.name === 'script|load') this.#scripts.remember(argBytes(view, 2));
    else if (row.name === 'script|flush' && (view.argc === 2 || (view.argc === 3 && FLUSH_MODES.has(argLower(view, 2)))))
      this.#scripts.clear();
  }
}
