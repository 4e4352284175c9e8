import { isKeyspace } from '../../command/keyspace.ts';
import type { CommandRow } from '../../command/row.ts';
import { argText, type RequestView } from '../../protocol/request.ts';
import { NO_NODE } from '../../routing/topology.ts';
import type { LaneSets } from '../lanes.ts';
import type { Router } from '../router.ts';
import type { Session } from '../session.ts';
import type { Kind } from './frames.ts';
import { type PubsubContext, Subscriptions } from './subscriptions.ts';

const SUBSCRIBE: Readonly<Record<string, Kind>> = { subscribe: 'channel', psubscribe: 'pattern', ssubscribe: 'shard' };
const UNSUBSCRIBE: Readonly<Record<string, Kind>> = { unsubscribe: 'channel', punsubscribe: 'pattern', sunsubscribe: 'shard' };

/** SUBSCRIBE, UNSUBSCRIBE and their kin: a channel lives on the node its name hashes to, patterns are subscribed to on all nodes. */
export class Pubsub {
  readonly #router: Router;
  readonly #context: PubsubContext;

  constructor(router: Router, lanes: LaneSets, namesMax: number) {
    this.#router = router;
    const identity = { protocol: 3, database: lanes.first.identity.database } as const;
    this.#context = {
      namesMax,
      nodesOf: (kind, name) => this.#nodesOf(kind, name),
      enter: () => lanes.enter(identity),
      leave: (set) => lanes.leave(set),
    };
  }

  run(session: Session, view: RequestView, row: CommandRow): void {
    if (session.inFlight > 0) {
      session.park();
      return;
    }
    const names = Array.from({ length: view.argc - 1 }, (_, i) => argText(view, i + 1));
    const subscriptions = session.subscriptions ?? new Subscriptions(session, this.#context);
    session.subscriptions = subscriptions;
    const kind = SUBSCRIBE[row.name];
    if (kind === undefined) subscriptions.unsubscribe(UNSUBSCRIBE[row.name] as Kind, names);
    else if (kind === 'shard' && new Set(names.map((name) => this.#nodesOf(kind, name)[0])).size > 1)
      session.fail(session.open(), 'cross_slot');
    else subscriptions.subscribe(kind, names);
  }

  #nodesOf(kind: Kind, name: string): readonly number[] {
    if (kind === 'pattern' || (kind === 'channel' && isKeyspace(name))) return this.#router.liveNodes();
    const node = this.#router.nodeOfName(Buffer.from(name, 'latin1'));
    return node === NO_NODE ? [] : [node];
  }
}
