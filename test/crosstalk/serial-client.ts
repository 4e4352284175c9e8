import { until } from '../support/wait.ts';
import { ScriptedClient, type ScriptedClientOptions } from './scripted-client.ts';
import type { ScriptedNode } from './scripted-node.ts';

/** Far longer than it can take keyfan to close a connection. */
const CLOSE_MS = 10_000;

/**
 * The only client of a node, with one request at a time: so nothing is in flight when the node sends what nobody asked for, and
 * keyfan must notice it. Sends the next request only when keyfan has left the connection on which that came.
 */
export class SerialClient extends ScriptedClient {
  readonly #node: ScriptedNode;

  constructor(options: ScriptedClientOptions, node: ScriptedNode) {
    super(options);
    this.#node = node;
  }

  protected override ready(): Promise<void> | null {
    const spoilt = (): boolean => [...this.#node.connections].some((connection) => connection.spoilt);
    if (!spoilt()) return null;
    return until(() => !spoilt(), 'keyfan to close', CLOSE_MS).then(
      () => {},
      () => {
        this.crossing(`keyfan goes on with a connection on which node ${this.#node.options.id} sent what nobody asked for`);
        this.#node.heal();
        for (const connection of this.#node.connections) connection.reset();
      },
    );
  }
}
