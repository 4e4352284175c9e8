import type { Log } from '../observe/log.ts';
import { Backoff, type BackoffOptions } from '../upstream/backoff.ts';

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A worker process as its supervisor sees it. */
export interface WorkerProcess {
  readonly pid: number;
  /** To finish what it has and end. */
  drain(): void;
  kill(): void;
}

/** What a process tells: at most once each, never before `spawn` has returned. */
export interface WorkerEvents {
  ready(): void;
  ended(how: Ending): void;
}

export interface Timers {
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** Returns what cancels it. */
  after(ms: number, run: () => void): () => void;
}

export interface SupervisorOptions<W extends WorkerProcess> {
  readonly workers: number;
  /** `worker` counts from 1; the one that comes after another has its number. */
  spawn(worker: number, events: WorkerEvents): W;
  /** It is ready for clients. */
  joined(process: W): void;
  /** It is to get no more of them. Called for each that has joined, before `gone`. */
  leaving(process: W): void;
  gone(process: W): void;
  readonly restart: BackoffOptions;
  /** A worker that has served for so long begins a new count of failures when it ends. */
  readonly steadyMs: number;
  /** A worker that is not ready by then is killed. */
  readonly startLimitMs: number;
  /** A worker that has not ended so long after `drain` is killed. */
  readonly drainLimitMs: number;
  readonly log: Log;
  readonly timers?: Timers;
  readonly random?: () => number;
}

/** A worker's number and who has it. */
interface Seat<W> {
  readonly worker: number;
  readonly backoff: Backoff;
  /** Serving or about to; null while the next one is waited for. */
  life: Life<W> | null;
  /** Calls off the start that is waited for. */
  callOff: () => void;
}

/** One process from start to end. */
interface Life<W> {
  readonly seat: Seat<W>;
  readonly process: W;
  state: 'starting' | 'serving' | 'draining';
  servingSince: number;
  readonly started: Promise<void>;
  readonly ended: Promise<void>;
  /** Ends the limit on the state it is in. */
  inTime: () => void;
}

const REAL: Timers = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

const nothing = (): void => {};

/**
 * Keeps a number of workers alive.
 *
 *   starting ──ready──▶ serving ──drain──▶ draining ──▶ ended
 *       └──────────────────┴── ended unasked ──▶ after a backoff: the next one, starting
 */
export class Supervisor<W extends WorkerProcess> {
  /** Workers started in the place of one that ended unasked. */
  restarts = 0;
  readonly #options: SupervisorOptions<W>;
  readonly #timers: Timers;
  readonly #seats: readonly Seat<W>[];
  readonly #lives = new Set<Life<W>>();
  #started = false;
  #stopping = false;
  #rolling = false;
  #rollAgain = false;

  constructor(options: SupervisorOptions<W>) {
    this.#options = options;
    this.#timers = options.timers ?? REAL;
    this.#seats = Array.from({ length: options.workers }, (_, i) => ({
      worker: i + 1,
      backoff: new Backoff(options.restart, options.random),
      life: null,
      callOff: nothing,
    }));
  }

  /** How many are in service. */
  get serving(): number {
    return [...this.#lives].filter((life) => life.state === 'serving').length;
  }

  /** Resolves when every worker is ready; rejects where one ends instead. */
  async start(): Promise<void> {
    await Promise.all(this.#seats.map((seat) => this.#seatNext(seat).started));
    this.#started = true;
  }

  /** Replaces all workers, one after another, each by one that is ready already. */
  async rollingRestart(): Promise<void> {
    if (!this.#started || this.#stopping) return;
    if (this.#rolling) {
      this.#rollAgain = true;
      return;
    }
    this.#rolling = true;
    const { log } = this.#options;
    try {
      do {
        this.#rollAgain = false;
        log.info({ workers: this.#seats.length }, 'rolling restart begins');
        for (const seat of this.#seats) await this.#renew(seat);
        log.info({ workers: this.#seats.length }, 'rolling restart is over');
      } while (this.#rollAgain);
    } catch (error) {
      if (!this.#stopping) log.error({ error: (error as Error).message }, 'rolling restart given up; the other workers stay');
    } finally {
      this.#rolling = false;
    }
  }

  /** Ends every worker in good order; resolves when all are gone. */
  async drain(): Promise<void> {
    this.#stop();
    await Promise.all([...this.#lives].map((life) => this.#drain(life)));
  }

  /** Ends every worker now. */
  async kill(): Promise<void> {
    this.#stop();
    for (const { process } of this.#lives) process.kill();
    await Promise.all([...this.#lives].map((life) => life.ended));
  }

  #stop(): void {
    this.#stopping = true;
    for (const seat of this.#seats) seat.callOff();
  }

  #seatNext(seat: Seat<W>): Life<W> {
    seat.callOff();
    seat.life = this.#spawn(seat);
    return seat.life;
  }

  #spawn(seat: Seat<W>): Life<W> {
    const { spawn, startLimitMs, log } = this.#options;
    let life: Life<W>;
    const ready = deferred();
    const over = deferred();
    const process = spawn(seat.worker, {
      ready: () => {
        if (this.#ready(life)) ready.resolve();
      },
      ended: (how) => {
        ready.reject(new Error(`worker ${seat.worker} ended before it was ready (${told(how)})`));
        this.#ended(life, how);
        over.resolve();
      },
    });
    // Where nobody waits for it the log has it.
    ready.promise.catch(nothing);
    const inTime = this.#timers.after(startLimitMs, () => process.kill());
    life = { seat, process, state: 'starting', servingSince: 0, started: ready.promise, ended: over.promise, inTime };
    this.#lives.add(life);
    log.info({ worker: seat.worker, worker_pid: process.pid }, 'worker starts');
    return life;
  }

  #ready(life: Life<W>): boolean {
    if (life.state !== 'starting' || !this.#lives.has(life)) return false;
    life.inTime();
    life.state = 'serving';
    life.servingSince = this.#timers.now();
    this.#options.log.info({ worker: life.seat.worker, worker_pid: life.process.pid }, 'worker is ready');
    this.#options.joined(life.process);
    return true;
  }

  #ended(life: Life<W>, how: Ending): void {
    const { seat, process, state } = life;
    const { log, leaving, gone } = this.#options;
    this.#lives.delete(life);
    life.inTime();
    const fields = { worker: seat.worker, worker_pid: process.pid, ...how };
    if (state === 'draining') log.info(fields, 'worker ended');
    else log.error(fields, 'worker ended unasked');
    if (state === 'serving') leaving(process);
    gone(process);
    if (seat.life !== life) return;
    seat.life = null;
    if (this.#stopping) return;
    if (state === 'serving' && this.#timers.now() - life.servingSince >= this.#options.steadyMs) seat.backoff.reset();
    const delayMs = Math.round(seat.backoff.next());
    log.warn({ worker: seat.worker, delayMs }, 'worker will be replaced');
    seat.callOff = this.#timers.after(delayMs, () => {
      this.restarts++;
      this.#seatNext(seat);
    });
  }

  /** The old worker serves until the new one is ready; if the new one ends first, the old one stays. */
  async #renew(seat: Seat<W>): Promise<void> {
    if (this.#stopping) return;
    const next = this.#spawn(seat);
    await next.started;
    const before = seat.life;
    seat.callOff();
    seat.life = next;
    if (before !== null) await this.#drain(before);
  }

  #drain(life: Life<W>): Promise<void> {
    const { state, process } = life;
    if (state === 'draining') return life.ended;
    life.inTime();
    life.state = 'draining';
    if (state === 'serving') this.#options.leaving(process);
    this.#options.log.info({ worker: life.seat.worker, worker_pid: process.pid }, 'worker is draining');
    life.inTime = this.#timers.after(this.#options.drainLimitMs, () => process.kill());
    process.drain();
    return life.ended;
  }
}

function told({ code, signal }: Ending): string {
  return signal === null ? `exit code ${code}` : signal;
}

interface Deferred {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

function deferred(): Deferred {
  let resolve: () => void = nothing;
  let reject: (error: Error) => void = nothing;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
