const HEX = Buffer.from('0123456789abcdef');
const UNHEX = new Int8Array(256).fill(-1);
for (let i = 0; i < 16; i++) UNHEX[HEX[i] as number] = i;
const CR = 13;
const LF = 10;

/** Hex digits of the lowest `4 * digits` bits. */
function writeHex(buf: Buffer, at: number, value: number, digits: number): void {
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    buf[i] = HEX[rest & 15] as number;
    rest >>>= 4;
  }
}

/** -1 where these are no hex digits. */
export function readHex(buf: Buffer, at: number, digits: number): number {
  let value = 0;
  for (let i = at; i < at + digits; i++) {
    const digit = UNHEX[buf[i] as number] as number;
    if (digit === undefined || digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/** A buffer that grows and is written to again and again. */
export class Writer {
  buf = Buffer.allocUnsafeSlow(4096);
  at = 0;

  room(size: number): void {
    if (this.at + size <= this.buf.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buf.length * 2, this.at + size));
    this.buf.copy(larger, 0, 0, this.at);
    this.buf = larger;
  }

  text(text: string): void {
    this.room(text.length);
    for (let i = 0; i < text.length; i++) this.buf[this.at++] = text.charCodeAt(i);
  }

  /** A type byte, a number of at least zero and CRLF: `$12`. */
  header(type: string, value: number): void {
    this.room(24);
    this.buf[this.at++] = type.charCodeAt(0);
    this.#decimal(value);
    this.crlf();
  }

  #decimal(value: number): void {
    if (value >= 10) this.#decimal(Math.floor(value / 10));
    this.buf[this.at++] = 48 + (value % 10);
  }

  hex(value: number, digits: number): void {
    this.room(digits);
    writeHex(this.buf, this.at, value, digits);
    this.at += digits;
  }

  crlf(): void {
    this.room(2);
    this.buf[this.at++] = CR;
    this.buf[this.at++] = LF;
  }

  /** What was written, as bytes of their own; the writer is empty then. */
  take(): Buffer {
    const bytes = Buffer.from(this.buf.subarray(0, this.at));
    this.at = 0;
    if (this.buf.length > 1024 * 1024) this.buf = Buffer.allocUnsafeSlow(4096);
    return bytes;
  }
}

/** Bytes that were read and not used yet, in one piece. */
export class Inbox {
  buf: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;

  push(chunk: Buffer): void {
    const left = this.end - this.start;
    if (left === 0) {
      this.buf = chunk;
      this.start = 0;
      this.end = chunk.length;
      return;
    }
    if (this.end + chunk.length > this.buf.length) {
      const larger = Buffer.allocUnsafeSlow(2 * (left + chunk.length));
      this.buf.copy(larger, 0, this.start, this.end);
      this.buf = larger;
      this.start = 0;
      this.end = left;
    }
    chunk.copy(this.buf, this.end);
    this.end += chunk.length;
  }

  clear(): void {
    this.buf = Buffer.alloc(0);
    this.start = 0;
    this.end = 0;
  }
}

/** Where CRLF stands in `buf[from, to)`, or -1. */
export function findCrlf(buf: Buffer, from: number, to: number): number {
  for (let i = from; i + 1 < to; i++) if (buf[i] === CR && buf[i + 1] === LF) return i;
  return -1;
}
