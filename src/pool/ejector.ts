import type { Log } from '../observe/log.ts';
import type { Topology } from '../routing/topology.ts';
import type { Backend, BackendWatcher } from '../upstream/backend.ts';
import { clock } from '../util/clock.ts';

export interface EjectorOptions {
  readonly enabled: boolean;
  /** Failures in a row after which a node is taken out. */
  readonly failuresMax: number;
  /** Least time a node stays out, in milliseconds. */
  readonly retryMs: number;
}

/** What is known about one node's health. */
interface Health {
  failures: number;
  /** Replies counted at the last failure: a reply since then ends the row of failures. */
  repliesSeen: number;
  /** Time of ejection, or -1. */
  ejectedAt: number;
}

/**
 * nutcracker's auto_eject for pure caches: a node that fails several times in a row leaves the topology and its keys move to
 * the others; it returns only when its time is over and it answers PING. Where it is not enabled nothing ever moves.
 */
export class Ejector implements BackendWatcher {
  readonly #options: EjectorOptions;
  readonly #backends: readonly Backend[];
  readonly #swap: (topology: Topology) => void;
  readonly #log: Log;
  readonly #health = new Map<Backend, Health>();
  #topology: Topology;

  /** `backends` in the order of the topology's nodes; it may still be filled after this call. */
  constructor(options: EjectorOptions, topology: Topology, backends: readonly Backend[], swap: (topology: Topology) => void, log: Log) {
    this.#options = options;
    this.#topology = topology;
    this.#backends = backends;
    this.#swap = swap;
    this.#log = log;
  }

  onTrouble(backend: Backend): void {
    if (!this.#options.enabled) return;
    const health = this.#healthOf(backend);
    const { delivered } = backend.counters;
    health.failures = delivered > health.repliesSeen ? 1 : health.failures + 1;
    health.repliesSeen = delivered;
    if (health.ejectedAt >= 0 || health.failures < this.#options.failuresMax) return;
    health.ejectedAt = clock.now;
    this.#log.warn({ node: backend.node, failures: health.failures }, 'node ejected');
    this.#rebuild();
  }

  onServing(backend: Backend): void {
    if (!this.#options.enabled) return;
    const health = this.#healthOf(backend);
    if (health.ejectedAt < 0 || clock.now - health.ejectedAt < this.#options.retryMs) return;
    health.ejectedAt = -1;
    health.failures = 0;
    this.#log.info({ node: backend.node }, 'node readmitted');
    this.#rebuild();
  }

  /** Probes the ejected nodes whose time is over. */
  tick(): void {
    for (const [backend, health] of this.#health) {
      if (health.ejectedAt >= 0 && clock.now - health.ejectedAt >= this.#options.retryMs) backend.probe();
    }
  }

  #healthOf(backend: Backend): Health {
    let health = this.#health.get(backend);
    if (health === undefined) {
      health = { failures: 0, repliesSeen: 0, ejectedAt: -1 };
      this.#health.set(backend, health);
    }
    return health;
  }

  #rebuild(): void {
    const ejected = new Set<number>();
    this.#backends.forEach((backend, index) => {
      if ((this.#health.get(backend)?.ejectedAt ?? -1) >= 0) ejected.add(index);
    });
    this.#topology = this.#topology.withEjected(ejected);
    this.#swap(this.#topology);
  }
}
