/** Counts whole RESP2 replies in a stream, whatever the cuts. Knows nothing of keyfan's own scanners. */
export class ReplyCounter {
  /** Error replies so far, and the first of them as far as it came in one piece. */
  errors = 0;
  firstError = '';
  #state: State = TYPE;
  /** Elements the reply still needs, itself included; 0 between replies. */
  #pending = 0;
  #isArray = false;
  #length = 0;
  #negative = false;
  /** Bytes of a bulk string, its line end included, that have not come yet. */
  #skip = 0;

  /** How many replies end in the first `size` bytes. */
  feed(bytes: Buffer, size: number): number {
    let ended = 0;
    let at = 0;
    while (at < size) {
      if (this.#state === TYPE) this.#begin(bytes, at++, size);
      else if (this.#state === LENGTH) at = this.#readLength(bytes, at, size);
      else if (this.#state === LINE) at = this.#skipLine(bytes, at, size);
      else at = this.#skipBulk(at, size);
      if (this.#state === END) {
        this.#state = TYPE;
        if (--this.#pending === 0) ended++;
      }
    }
    return ended;
  }

  #begin(bytes: Buffer, at: number, size: number): void {
    const type = bytes[at] as number;
    if (this.#pending === 0) this.#pending = 1;
    this.#isArray = type === ARRAY;
    this.#length = 0;
    this.#negative = false;
    if (type === BULK || type === ARRAY) this.#state = LENGTH;
    else if (type === SIMPLE || type === ERROR || type === INTEGER) this.#state = LINE;
    else throw new Error(`byte ${type} does not begin a reply`);
    if (type !== ERROR) return;
    this.errors++;
    if (this.firstError === '') this.firstError = bytes.toString('latin1', at, size).split(/[\r\n]/, 1)[0] as string;
  }

  #readLength(bytes: Buffer, start: number, size: number): number {
    let at = start;
    while (at < size) {
      const byte = bytes[at++] as number;
      if (byte === MINUS) this.#negative = true;
      else if (byte >= ZERO && byte <= NINE) this.#length = this.#length * 10 + byte - ZERO;
      else if (byte === LF) {
        this.#onLength();
        break;
      }
    }
    return at;
  }

  #onLength(): void {
    const length = this.#negative ? 0 : this.#length;
    if (this.#isArray) this.#pending += length;
    this.#skip = length + 2;
    this.#state = this.#isArray || this.#negative ? END : IN_BULK;
  }

  #skipLine(bytes: Buffer, at: number, size: number): number {
    // Not `indexOf`, which would look beyond what was read.
    for (let end = at; end < size; end++) {
      if (bytes[end] !== LF) continue;
      this.#state = END;
      return end + 1;
    }
    return size;
  }

  #skipBulk(at: number, size: number): number {
    const taken = Math.min(this.#skip, size - at);
    this.#skip -= taken;
    if (this.#skip === 0) this.#state = END;
    return at + taken;
  }
}

type State = 0 | 1 | 2 | 3 | 4;
const TYPE = 0;
const LENGTH = 1;
const LINE = 2;
const IN_BULK = 3;
const END = 4;

const [SIMPLE, ERROR, INTEGER, BULK, ARRAY, MINUS, ZERO, NINE, LF] = [43, 45, 58, 36, 42, 45, 48, 57, 10] as const;
