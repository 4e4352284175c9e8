import type { RedisNode } from '../support/redis.ts';
import { until } from '../support/wait.ts';

const SCAN_COUNT = 2000;
const LIST_PIECE = 5000;

/** What the nodes hold, read from them directly. */
export class Records {
  /** What cannot be right whatever clients were told. */
  readonly oddities: string[] = [];
  readonly #texts = new Map<string, string>();
  readonly #lists = new Map<string, string[]>();
  readonly #nodeOf = new Map<string, string>();

  /** The value of a counter; 0 where there is none, as for INCR. */
  counter(key: string): number {
    return Number(this.#texts.get(key) ?? 0);
  }

  text(key: string): string | undefined {
    return this.#texts.get(key);
  }

  list(key: string): readonly string[] {
    return this.#lists.get(key) ?? [];
  }

  /** Reads all of a node that no client is connected to any more. */
  async read(name: string, node: RedisNode): Promise<void> {
    // What a closed connection left in the kernel's buffers is still executed.
    await until(async () => /^connected_clients:1\r$/m.test(String(await node.call('INFO', 'clients'))), `node ${name} to be alone`);
    let cursor = '0';
    do {
      const [next, keys] = (await node.call('SCAN', cursor, 'COUNT', SCAN_COUNT)) as [string, string[]];
      cursor = next;
      await this.#take(name, node, keys);
    } while (cursor !== '0');
  }

  async #take(name: string, node: RedisNode, keys: readonly string[]): Promise<void> {
    // Without writes SCAN gives a key twice only while the table is rehashed.
    const fresh = keys.filter((key) => this.#nodeOf.get(key) !== name);
    for (const key of fresh) {
      const other = this.#nodeOf.get(key);
      if (other !== undefined) this.oddities.push(`${key} is on node ${other} and on node ${name}`);
      this.#nodeOf.set(key, name);
    }
    const texts = fresh.filter((key) => !key.startsWith('list:'));
    if (texts.length > 0) {
      const values = (await node.call('MGET', ...texts)) as string[];
      texts.forEach((key, i) => {
        this.#texts.set(key, values[i] as string);
      });
    }
    for (const key of fresh.filter((each) => each.startsWith('list:'))) this.#lists.set(key, await listOf(node, key));
  }
}

async function listOf(node: RedisNode, key: string): Promise<string[]> {
  const all: string[] = [];
  for (;;) {
    const piece = (await node.call('LRANGE', key, all.length, all.length + LIST_PIECE - 1)) as string[];
    for (const token of piece) all.push(token);
    if (piece.length < LIST_PIECE) return all;
  }
}
