import type { Histogram } from './histogram.ts';

/** When each request of a constant rate is meant to leave, in milliseconds from the start: fixed, whatever the replies do. */
export class Schedule {
  readonly total: number;
  readonly #perMs: number;

  constructor(ratePerSecond: number, seconds: number) {
    this.#perMs = ratePerSecond / 1000;
    this.total = Math.round(ratePerSecond * seconds);
  }

  intendedMs(index: number): number {
    return index / this.#perMs;
  }

  /** How many requests should have left at `elapsedMs`. */
  due(elapsedMs: number): number {
    if (elapsedMs < 0) return 0;
    return Math.min(this.total, Math.floor(elapsedMs * this.#perMs) + 1);
  }
}

export interface OpenLoopOptions {
  readonly schedule: Schedule;
  readonly connections: number;
  /** Requests meant to leave earlier warm up: they are sent and not recorded. */
  readonly recordFromMs: number;
  readonly histogram: Histogram;
  /** How much later than intended requests left: the fault of the sender and its machine alone. */
  readonly lateness: Histogram;
  send(connection: number, index: number): void;
}

/**
 * The bookkeeping of an open loop, without sockets or a clock. Request i goes over connection i mod n even where earlier ones
 * wait there, so the k-th reply on connection c answers request c + k·n. Latency counts from the intended time: what a
 * stall keeps from being sent or answered is in the figures (no coordinated omission).
 */
export class OpenLoop {
  sent = 0;
  answered = 0;
  readonly #options: OpenLoopOptions;
  readonly #answeredOn: Float64Array;

  constructor(options: OpenLoopOptions) {
    this.#options = options;
    this.#answeredOn = new Float64Array(options.connections);
  }

  get finished(): boolean {
    return this.answered === this.#options.schedule.total;
  }

  sendDue(elapsedMs: number): void {
    const { schedule, connections, send, lateness } = this.#options;
    const due = schedule.due(elapsedMs);
    for (; this.sent < due; this.sent++) {
      send(this.sent % connections, this.sent);
      this.#record(lateness, this.sent, elapsedMs);
    }
  }

  onReplies(connection: number, count: number, elapsedMs: number): void {
    for (let i = 0; i < count; i++) {
      const nth = this.#answeredOn[connection] as number;
      this.#answeredOn[connection] = nth + 1;
      this.#record(this.#options.histogram, connection + nth * this.#options.connections, elapsedMs);
    }
    this.answered += count;
  }

  /** What was never answered counts as if it were answered now. */
  giveUp(elapsedMs: number): number {
    const { connections, schedule, histogram } = this.#options;
    for (let connection = 0; connection < connections; connection++) {
      const first = connection + (this.#answeredOn[connection] as number) * connections;
      for (let index = first; index < schedule.total; index += connections) this.#record(histogram, index, elapsedMs);
    }
    return schedule.total - this.answered;
  }

  #record(histogram: Histogram, index: number, elapsedMs: number): void {
    const { schedule, recordFromMs } = this.#options;
    const intendedMs = schedule.intendedMs(index);
    if (intendedMs >= recordFromMs) histogram.record((elapsedMs - intendedMs) * 1000);
  }
}
