import { forgetPeak, residentBytes } from '../memory.ts';

const EVERY_MS = 20;

/**
 * Watches the memory of a process. Beyond `killAt` the process is killed: what a scenario shows must not take the machine
 * down with it.
 */
export class Watch {
  peak = 0;
  killed = false;
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number, killAt: number) {
    this.#pid = pid;
    forgetPeak(pid);
    this.#timer = setInterval(() => {
      this.#look();
      if (this.peak <= killAt || this.killed) return;
      this.killed = true;
      process.kill(pid, 'SIGKILL');
    }, EVERY_MS);
  }

  /** The largest memory since the watch began; ends it. */
  stop(): number {
    clearInterval(this.#timer);
    if (!this.killed) this.#look();
    return this.peak;
  }

  #look(): void {
    const { now, peak } = residentBytes(this.#pid);
    this.peak = Math.max(this.peak, now, peak);
  }
}
