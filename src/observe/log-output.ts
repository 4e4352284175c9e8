import { constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { isatty } from 'node:tty';
import sonicBoom from 'sonic-boom';

/** Bytes of lines that may wait to be written; further ones are lost. */
const WAITING_MAX = 1024 * 1024;
/** Longest wait for the last lines. */
const END_LIMIT_MS = 500;

/**
 * Where log lines go. They are written beside the event loop: a reader that stops must not stop keyfan, nor may a disk that is full. What
 * cannot be written waits, up to a limit; `onLost` hears how many lines were lost, as soon as others can be written again.
 */
export class LogOutput {
  onLost: (lines: number) => void = () => {};
  readonly #fd: number;
  readonly #stream: sonicBoom.SonicBoom;
  #waiting = false;
  #lost = 0;

  constructor(fd: number, waitingMax = WAITING_MAX) {
    this.#fd = fd;
    this.#stream = new sonicBoom.SonicBoom({ fd, sync: false, maxLength: waitingMax });
    // It tries again with the next line.
    this.#stream.on('error', () => {});
    this.#stream.on('drop', () => this.#lost++);
    this.#stream.on('drain', () => this.#onDrain());
  }

  write(line: string): void {
    this.#waiting = true;
    this.#stream.write(line);
  }

  /** True where a write waits for its reader: sockets and terminals that are not ours alone cannot be kept from that. */
  mayStand(): boolean {
    try {
      const stat = fstatSync(this.#fd);
      const flags = Number.parseInt(/^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${this.#fd}`, 'utf8'))?.[1] ?? '0', 8);
      return (stat.isSocket() || isatty(this.#fd)) && (flags & constants.O_NONBLOCK) === 0;
    } catch {
      return false;
    }
  }

  #onDrain(): void {
    this.#waiting = false;
    const lost = this.#lost;
    this.#lost = 0;
    if (lost > 0) this.onLost(lost);
  }

  /** Before the process ends: resolves to true when all is written, to false where it could not be for long. */
  async written(): Promise<boolean> {
    if (!this.#waiting) return true;
    return new Promise((resolve) => {
      this.#stream.once('drain', () => resolve(true));
      setTimeout(() => resolve(false), END_LIMIT_MS);
    });
  }
}

/**
 * Standard output; where it is a pipe a way of our own into it, on which a write that finds it full does not wait: one that waits keeps a thread, and the
 * process from ending. What is shared with workers is made to wait by them.
 */
function ownOutput(): number {
  try {
    if (fstatSync(1).isFIFO()) return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // No such way, or nobody reads: as it is, then.
  }
  return 1;
}

/** Standard output. */
export const logOutput = new LogOutput(ownOutput());
