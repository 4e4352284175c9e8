import { readFileSync, writeFileSync } from 'node:fs';

/** Resident memory of a process in bytes: now, and its largest since `forgetPeak`. 0 where it is gone. */
export function residentBytes(pid: number): { now: number; peak: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const read = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024;
    return { now: read('VmRSS'), peak: read('VmHWM') };
  } catch {
    return { now: 0, peak: 0 };
  }
}

/** The kernel counts the peak anew from here. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

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
