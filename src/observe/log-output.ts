import sonicBoom from 'sonic-boom';

/** Bytes of lines that may wait to be written; further ones are lost. */
const WAITING_MAX = 1024 * 1024;
/** Longest wait for the last lines. */
const END_LIMIT_MS = 500;

/**
 * Where log lines go. They are written beside the event loop: a reader that stops must not stop keyfan, nor may a disk that is full. What
 * cannot be written waits, up to a limit; `onLost` hears how many lines were lost, as soon as others can be written again.
 */
class LogOutput {
  onLost: (lines: number) => void = () => {};
  readonly #stream: sonicBoom.SonicBoom;
  #waiting = false;
  #lost = 0;

  constructor(fd = 1) {
    this.#stream = new sonicBoom.SonicBoom({ fd, sync: false, maxLength: WAITING_MAX });
    // It tries again with the next line.
    this.#stream.on('error', () => {});
    this.#stream.on('drop', () => this.#lost++);
    this.#stream.on('drain', () => this.#onDrain());
  }

  write(line: string): void {
    this.#waiting = true;
    this.#stream.write(line);
  }

  #onDrain(): void {
    this.#waiting = false;
    const lost = this.#lost;
    this.#lost = 0;
    if (lost > 0) this.onLost(lost);
  }

  /** Before the process ends: resolves when all is written, or could not be for long. */
  async written(): Promise<void> {
    if (!this.#waiting) return;
    await new Promise<void>((resolve) => {
      this.#stream.once('drain', resolve);
      setTimeout(resolve, END_LIMIT_MS);
    });
  }
}

/** Standard output. */
export const logOutput = new LogOutput();
