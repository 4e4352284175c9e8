import type { Random } from '../support/random.ts';
import type { RedisNode } from '../support/redis.ts';
import { until } from '../support/wait.ts';
import type { Ledger } from './ledger.ts';
import type { Relay, Swallow } from './relay.ts';
import type { Leave, Writer } from './writer.ts';

export interface Scene {
  readonly nodes: readonly RedisNode[];
  /** Between keyfan and one of the nodes. */
  readonly relay: Relay;
  readonly writers: readonly Writer[];
  readonly ledger: Ledger;
  readonly random: Random;
  readonly faults: readonly Fault[];
  /** Resolves once keyfan says that all nodes are in service. */
  readonly allUp: () => Promise<unknown>;
  /** Writes between two faults at most. */
  readonly gap: number;
}

/** Waits until so many more writes have been sent, or all. */
async function passed({ ledger }: Scene, writes: number): Promise<void> {
  const goal = Math.min(ledger.size, ledger.issued + writes);
  await until(() => ledger.issued >= goal, `write ${goal} of ${ledger.size}`, 60_000);
}

const some = (scene: Scene, most: number): Promise<void> => passed(scene, scene.random.below(most));

/** SIGSTOP until requests have timed out, or all writes are over. Requests to a node that keyfan is not connected to are refused instead. */
async function outlast(scene: Scene, node: RedisNode): Promise<void> {
  const { ledger } = scene;
  await scene.allUp();
  const timeouts = ledger.timeouts;
  await node.pause();
  await until(() => ledger.timeouts > timeouts || ledger.full, 'a request to time out', 60_000);
}

/** The network loses what one side sends, from the middle of something on, and then the connection. */
async function swallow(scene: Scene, what: Swallow): Promise<void> {
  const { relay, ledger } = scene;
  const before = relay.swallowed;
  relay.swallow(what, scene.random.below(1000));
  await until(() => relay.swallowed > before || ledger.full, `${what} to be lost`, 60_000);
  await some(scene, 50);
  relay.reset();
}

function leave(scene: Scene, how: readonly Leave[]): void {
  for (const writer of scene.writers) if (scene.random.below(4) === 0) writer.leave(scene.random.pick(how));
}

/** Each leaves all nodes running. */
export const FAULTS = {
  killed: async (scene, node) => {
    await node.kill();
    await some(scene, 200);
    await node.restart();
  },
  'killed while stopped': async (scene, node) => {
    await node.pause();
    await some(scene, 50);
    await node.kill();
    await node.restart();
  },
  'stopped beyond the timeout': async (scene, node) => {
    await outlast(scene, node);
    node.resume();
  },
  'stopped beyond the timeout, then killed': async (scene, node) => {
    await outlast(scene, node);
    await node.kill();
    await node.restart();
  },
  'stopped shortly': async (scene, node) => {
    await node.pause();
    await some(scene, 50);
    node.resume();
  },
  // Where requests lie unread at the node, the kernel sends RST.
  'connection cut by the node': async (_scene, node) => {
    await node.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  },
  'requests lost': async (scene) => swallow(scene, 'requests'),
  'replies lost': async (scene) => swallow(scene, 'replies'),
  'clients killed': async (scene) => leave(scene, ['end', 'reset', 'cut']),
  'clients killed at a stopped node': async (scene, node) => {
    await node.pause();
    await some(scene, 50);
    leave(scene, ['end', 'reset', 'cut']);
    node.resume();
  },
} as const satisfies Record<string, (scene: Scene, node: RedisNode) => Promise<void>>;

export type Fault = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as readonly Fault[];

/** Fault after fault until the ledger is full, every kind as often as the others; how many there were of each. */
export async function injectFaults(scene: Scene): Promise<Record<Fault, number>> {
  const counts = Object.fromEntries(scene.faults.map((name) => [name, 0])) as Record<Fault, number>;
  let order: Fault[] = [];
  while (!scene.ledger.full) {
    await some(scene, scene.gap);
    if (scene.ledger.full) break;
    if (order.length === 0) order = scene.random.shuffled(scene.faults);
    const fault = order.pop() as Fault;
    await FAULTS[fault](scene, scene.random.pick(scene.nodes));
    counts[fault]++;
  }
  return counts;
}
