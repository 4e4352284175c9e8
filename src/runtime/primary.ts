/** Several processes as one keyfan: this one listens, hands out, counts and decides; the workers serve. */
import { availableParallelism } from 'node:os';
import { AdminServer, type PoolReadiness } from '../admin/server.ts';
import { listenFor } from '../config/listen-key.ts';
import type { Config } from '../config/schema.ts';
import { poolTopology } from '../config/topology.ts';
import { COMMAND_NAMES } from '../data-plane.ts';
import { Door } from '../downstream/door.ts';
import { joined, type Pause } from '../downstream/pauses.ts';
import type { Log } from '../observe/log.ts';
import { createMetrics, type Metrics } from '../observe/prometheus.ts';
import { ringHash } from '../observe/ring-hash.ts';
import type { Endpoint } from '../util/endpoint.ts';
import { VERSION } from '../util/version.ts';
import { Handout } from './handout.ts';
import { WorkerLink } from './link.ts';
import type { ToPrimary } from './messages.ts';
import { Questions } from './questions.ts';
import { Reports } from './reports.ts';
import { Supervisor, type WorkerEvents } from './supervisor.ts';
import { type PoolNames, Totals } from './totals.ts';

/** A crash loop slows down to one start in ten seconds; who has served for half a minute has left it. */
const RESTART = { minMs: 50, maxMs: 10_000 };
const STEADY_MS = 30_000;
const START_LIMIT_MS = 30_000;
/** What a worker may need beyond its drain to end. */
const DRAIN_GRACE_MS = 2000;
/** Longest wait of a client while every worker is being replaced. */
const CLIENT_WAIT_MS = 10_000;

/** How many processes are to serve. */
export function workerCount({ workers }: Config): number {
  return workers === 'auto' ? availableParallelism() : workers;
}

export class Primary {
  readonly #config: Config;
  readonly #log: Log;
  readonly #doors = new Map<string, Door>();
  readonly #supervisor: Supervisor<WorkerLink>;
  readonly #handout: Handout<WorkerLink>;
  #reports: Reports<WorkerLink> | undefined;
  #admin: AdminServer | undefined;
  #draining = false;
  /** Workers that are ready, those about to leave included. */
  readonly #links = new Set<WorkerLink>();
  readonly #questions = new Questions<WorkerLink>();
  /** By pool, for workers that come later. */
  readonly #pauses = new Map<string, Pause>();

  /** `config` is complete. */
  constructor(config: Config, log: Log) {
    this.#config = config;
    this.#log = log;
    const pools = Object.entries(config.pools);
    this.#handout = new Handout({
      clientsMax: Object.fromEntries(pools.map(([name, pool]) => [name, pool.limits.clients])),
      waitMs: CLIENT_WAIT_MS,
    });
    this.#supervisor = new Supervisor({
      workers: workerCount(config),
      spawn: (worker, events) => this.#spawn(worker, events),
      joined: (link) => this.#handout.join(link),
      leaving: (link) => this.#handout.leave(link),
      gone: (link) => {
        this.#links.delete(link);
        this.#handout.gone(link);
        this.#questions.retire(link);
        this.#reports?.retire(link);
      },
      restart: RESTART,
      steadyMs: STEADY_MS,
      startLimitMs: START_LIMIT_MS,
      drainLimitMs: Math.max(...pools.map(([, pool]) => pool.timeouts.drain)) + DRAIN_GRACE_MS,
      log,
    });
    // However this process ends while it still can say so, nobody is left behind.
    process.once('exit', () => void this.#supervisor.kill());
  }

  /** Listens, then starts the workers; resolves when all serve. Rejects with Node's bind error before any worker is started; then nothing of it is left. */
  async start(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async #open(): Promise<void> {
    const { pools, admin } = this.#config;
    const names: PoolNames[] = [];
    for (const [name, pool] of Object.entries(pools)) {
      const topology = await poolTopology(pool);
      names.push({ name, commandNames: COMMAND_NAMES, ringHash: ringHash(topology), nodes: pool.nodes.map((node) => node.name) });
      const door = new Door(
        pool.listen,
        (socket) => this.#handout.offer(name, socket),
        (error) => this.#log.warn({ pool: name, detail: error.message }, 'a client could not be accepted'),
      );
      this.#doors.set(name, door);
      await listenFor(`pools.${name}.listen`, door.listen());
      this.#log.info({ pool: name, nodes: pool.nodes.length }, 'pool is listening');
    }
    this.#reports = new Reports(new Totals(names));
    if (admin.listen !== undefined) await this.#startAdmin(admin.listen, this.#reports);
    await this.#supervisor.start().catch((error: unknown) => {
      // A signal while it starts ends workers that were not ready; that is no failure.
      if (!this.#draining) throw error;
    });
  }

  /** Where a pool listens. */
  address(pool: string): Endpoint {
    const found = this.#doors.get(pool);
    if (found === undefined) throw new Error(`there is no running pool ${pool}`);
    return found.address();
  }

  adminAddress(): Endpoint | undefined {
    return this.#admin?.address();
  }

  rollingRestart(): Promise<void> {
    return this.#supervisor.rollingRestart();
  }

  /** Takes nothing new and resolves when every worker has answered what was accepted and is gone. */
  async drain(): Promise<void> {
    this.#close();
    await this.#supervisor.drain();
  }

  /** Ends everything now. */
  async stop(): Promise<void> {
    this.#close();
    await this.#supervisor.kill();
    await this.#admin?.close();
  }

  #close(): void {
    this.#draining = true;
    for (const door of this.#doors.values()) door.close();
    this.#handout.close();
  }

  async #startAdmin(listen: Endpoint, reports: Reports<WorkerLink>): Promise<void> {
    this.#admin = new AdminServer({
      listen,
      metrics: this.#metrics(reports),
      pools: () => this.#readiness(reports),
      draining: () => this.#draining,
      log: this.#log,
    });
    await listenFor('admin.listen', this.#admin.start());
  }

  #metrics(reports: Reports<WorkerLink>): Metrics {
    const { totals } = reports;
    const { contentType, render } = createMetrics(
      () => totals.pools(),
      () => ({ running: this.#supervisor.serving, restarts: this.#supervisor.restarts, ...totals.processes() }),
    );
    return {
      contentType,
      render: async () => {
        await reports.refresh();
        return render();
      },
    };
  }

  /** Ready while at least one worker is in service: one that is being replaced is no reason to send clients elsewhere. */
  async #readiness(reports: Reports<WorkerLink>): Promise<PoolReadiness[]> {
    await reports.refresh();
    const serving = this.#supervisor.serving > 0;
    return reports.totals.pools().map(({ name, backends }) => ({
      name,
      listening: serving && (this.#doors.get(name) as Door).listening,
      nodesUp: backends.filter(({ counters }) => counters.up === 1).length,
    }));
  }

  #spawn(worker: number, events: WorkerEvents): WorkerLink {
    const link: WorkerLink = new WorkerLink((message) => this.#onMessage(link, worker, message, events), events.ended);
    const buffers = Math.ceil(this.#config.buffers / workerCount(this.#config));
    link.post({ type: 'start', version: VERSION, worker, config: { ...this.#config, workers: 1, admin: {}, buffers } });
    return link;
  }

  #onMessage(link: WorkerLink, worker: number, message: ToPrimary, events: WorkerEvents): void {
    switch (message.type) {
      case 'ready':
        // Before it is handed clients.
        for (const [pool, pause] of this.#pauses) link.post({ type: 'pause', pool, pause });
        this.#links.add(link);
        this.#questions.join(link, worker);
        events.ready();
        return;
      case 'pause':
        this.#pauses.set(message.pool, joined(this.#pauses.get(message.pool) ?? null, message.pause));
        for (const other of this.#links) if (other !== link) other.post(message);
        return;
      case 'ask':
        this.#questions.ask(link, message);
        return;
      case 'answer':
        this.#questions.answer(link, message);
        return;
      case 'taken':
        this.#handout.taken(link, message.id);
        return;
      case 'gone':
        this.#handout.clientsGone(link, message.pool, message.clients);
        return;
      case 'report':
        this.#reports?.report(link, message.answers, message.report);
    }
  }
}
