import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataPlane } from '../data-plane.ts';
import { createLog } from '../observe/pino.ts';
import { cpuSeconds, residentBytes } from '../observe/process.ts';
import { VERSION } from '../util/version.ts';
import { Asking } from './asking.ts';
import type { ToPrimary, ToWorker, WorkerReport } from './messages.ts';

type Start = ToWorker & { type: 'start' };
type Client = ToWorker & { type: 'client' };
type Paused = ToWorker & { type: 'pause' };
type Question = ToWorker & { type: 'question' };
type Answers = ToWorker & { type: 'answers' };

/** Time between two reports: what a killed worker has counted since its last one is lost. */
const REPORT_MS = 1000;
/** A worker takes clients once it knows of each node whether it is up, or after so long. */
const SETTLE_MS = 1000;
const SETTLE_STEP_MS = 5;

/** A data plane that is told by the primary what to do: no listeners, no admin server, no signals. */
export class Worker {
  readonly #version: string;
  readonly #plane: DataPlane;
  readonly #post: (message: ToPrimary) => Promise<void>;
  readonly #asking: Asking;
  readonly #gone = new Map<string, number>();
  #reports: NodeJS.Timeout | undefined;
  /** Resolves to whether it serves, or would have. */
  #started: Promise<boolean> = Promise.resolve(false);
  #ending: Promise<void> | null = null;

  constructor({ version, worker, config }: Start, post: (message: ToPrimary) => Promise<void>) {
    this.#version = version;
    this.#post = post;
    this.#asking = new Asking((message) => void post(message));
    const log = createLog(config.log.level, { worker });
    this.#plane = new DataPlane(config, log, {
      worker,
      clientGone: (pool) => this.#clientGone(pool),
      paused: (pool, pause) => void post({ type: 'pause', pool, pause }),
      askOthers: (pool, question) => this.#asking.ask(pool, question),
    });
  }

  /** Rejects where the primary is of another version: after an upgrade of the files under it. */
  start(): Promise<void> {
    const starting = this.#start();
    this.#started = starting.then(
      () => true,
      () => false,
    );
    return starting;
  }

  async #start(): Promise<void> {
    if (this.#version !== VERSION)
      throw new Error(`a worker is keyfan ${VERSION}, the primary ${this.#version}: restart keyfan as a whole`);
    await this.#plane.start();
    await this.#settled();
    // Told to end meanwhile: it never was in service.
    if (this.#ending !== null) return;
    this.#report(0);
    this.#reports = setInterval(() => this.#report(0), REPORT_MS);
    await this.#post({ type: 'ready' });
  }

  /** Null where the client left while it was on its way. */
  take({ pool, id, full }: Client, socket: Socket | null): void {
    void this.#post({ type: 'taken', id });
    if (socket === null) this.#clientGone(pool);
    else if (full) this.#plane.pool(pool).refuse(socket);
    else this.#plane.pool(pool).take(socket, id);
  }

  pause({ pool, pause }: Paused): void {
    this.#plane.pool(pool).pause(pause);
  }

  /** A client of another worker asks. */
  async question({ ask, until, pool, question }: Question): Promise<void> {
    const finding = Date.now() > until ? null : await this.#plane.pool(pool).find(question);
    await this.#post({ type: 'answer', ask, finding });
  }

  answers(message: Answers): void {
    this.#asking.answer(message);
  }

  report(ask: number): void {
    this.#report(ask);
  }

  /** Finishes what it has; resolves when all is done and told. */
  drain(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    if (!(await this.#started)) return;
    await this.#plane.drain();
    clearInterval(this.#reports);
    this.#plane.stop();
    await this.#report(0);
  }

  #report(answers: number): Promise<void> {
    const pools = this.#plane.snapshots().map(({ counters, backends }) => ({ counters, backends: backends.map((each) => each.counters) }));
    const report: WorkerReport = { cpuSeconds: cpuSeconds(), residentBytes: residentBytes(), pools };
    return this.#post({ type: 'report', answers, report });
  }

  /** Told once a turn: many may go at a time. */
  #clientGone(pool: string): void {
    if (this.#gone.size === 0) setImmediate(() => this.#tellGone());
    this.#gone.set(pool, (this.#gone.get(pool) ?? 0) + 1);
  }

  #tellGone(): void {
    for (const [pool, clients] of this.#gone) void this.#post({ type: 'gone', pool, clients });
    this.#gone.clear();
  }

  async #settled(): Promise<void> {
    const unknown = () => this.#plane.pools().some((pool) => pool.backends.some((backend) => backend.state === 'connecting'));
    const deadline = performance.now() + SETTLE_MS;
    while (this.#ending === null && unknown() && performance.now() < deadline) await sleep(SETTLE_STEP_MS);
  }
}
