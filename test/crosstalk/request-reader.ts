const STAR = 42;
const DOLLAR = 36;
const CR = 13;
const LF = 10;

/** Reads the multibulk requests that keyfan sends. Strict: whatever else comes is a crossing. */
export class RequestReader {
  /** Arguments of the request at hand: start and end of each. */
  args = new Int32Array(64);
  argc = 0;
  /** Arguments that are there so far. */
  ready = 0;
  /** Of an unfinished request: the least number of bytes that it will have. */
  needed = 0;
  #next = 0;

  /** Offset behind the request at `from`; 0 where it is not whole; -1 where it is none. */
  read(buf: Buffer, from: number, to: number): number {
    this.ready = 0;
    this.needed = to - from + 1;
    const count = this.#header(buf, from, to, STAR);
    if (count <= 0) return this.#next === 0 ? count : -1;
    this.argc = count;
    if (count * 2 > this.args.length) this.args = new Int32Array(count * 2);
    let at = this.#next;
    for (let i = 0; i < count; i++) {
      const size = this.#header(buf, at, to, DOLLAR);
      if (size < 0) return this.#next === 0 ? 0 : -1;
      const start = this.#next;
      if (start + size + 2 > to) {
        this.needed = start + size + 2 - from;
        return 0;
      }
      this.args[2 * i] = start;
      this.args[2 * i + 1] = start + size;
      this.ready = i + 1;
      at = start + size + 2;
      if (buf[at - 1] !== LF) {
        this.#next = 1;
        return -1;
      }
    }
    return at;
  }

  /** The number in a header. With `#next` 0 the line is not whole, and 0 stands for that with `*`. */
  #header(buf: Buffer, from: number, to: number, type: number): number {
    this.#next = 0;
    if (from >= to) return type === STAR ? 0 : -1;
    if (buf[from] !== type) {
      this.#next = 1;
      return -1;
    }
    let value = 0;
    for (let i = from + 1; i < to; i++) {
      const digit = (buf[i] as number) - 48;
      if (digit >= 0 && digit <= 9) {
        value = value * 10 + digit;
        continue;
      }
      if (i + 1 >= to) break;
      const whole = digit === CR - 48 && buf[i + 1] === LF && i > from + 1;
      this.#next = whole ? i + 2 : 1;
      return whole ? value : -1;
    }
    return type === STAR ? 0 : -1;
  }
}
