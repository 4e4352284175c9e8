import { Carry } from './carry.ts';
import { giveChunk, LARGE_CHUNK, takeChunk } from './chunk-pool.ts';
import { worthView } from './out-buffer.ts';
import { READ_BUFFER } from './read-buffer.ts';

/** First size of the steps in which an unfinished frame of unknown size is completed from a read. */
const STEP_FIRST = 64;
/** A read of so many bytes promises another one like it: only then is a chunk set aside for the next. */
const BUSY_READ = 32 * 1024;
/** Reads below this size are copied: they must not keep a whole chunk. */
const HAND_ON_MIN = 16 * 1024;

export interface IntakeOwner {
  /** On an unfinished frame: its least size in bytes, as far as is known; see the scanners. */
  readonly needed: number;
  /** Uses what it can of `buf[from, to)`; returns the offset behind it. */
  process(buf: Buffer, from: number, to: number): number;
}

/**
 * Between a socket and a scanner: where reads go and what is kept of them.
 *
 *   read ─▶ READ_BUFFER ─┬─▶ process            whole frames, at once
 *     (or a chunk)       └─▶ Carry ─▶ process   the frame that a read cut in two, and only that frame
 *
 * All sockets read into READ_BUFFER, unless a large frame streams: then reads go to chunks of this socket's own, each of which may be
 * handed on as it is (`mayHandOn`, `handedOn`) instead of being copied.
 */
export class Intake {
  readonly carry = new Carry();
  /** Set while a large frame streams through. */
  streaming = false;
  readonly #owner: IntakeOwner;
  #buf: Buffer = READ_BUFFER;
  #size = 0;
  #handedOn = false;
  #closed = false;

  constructor(owner: IntakeOwner) {
    this.#owner = owner;
  }

  /** Makes a socket read where this intake says: a light one, or as the option `onread` one of Node's. `onRead` hears of `size` bytes in `buf`. */
  reader(onRead: (size: number, buf: Buffer) => void): { buffer(): Buffer | undefined; callback(size: number, buf: Uint8Array): boolean } {
    let first = true;
    return {
      buffer: () => {
        const changed = this.#next();
        // What is no buffer leaves the socket with the one it has, which is cheaper.
        if (!changed && !first) return undefined;
        first = false;
        return this.#buf;
      },
      callback: (size, buf) => {
        onRead(size, buf as Buffer);
        return true;
      },
    };
  }

  /** After each read: chooses the buffer of the next one. True where it is another. */
  #next(): boolean {
    const old = this.#buf;
    if (old !== READ_BUFFER && !this.#handedOn) {
      if (this.streaming && !this.#closed) return false;
      giveChunk(old);
    }
    this.#handedOn = false;
    const busy = this.streaming && !this.#closed && this.#size >= BUSY_READ;
    this.#buf = busy ? takeChunk(LARGE_CHUNK) : READ_BUFFER;
    return this.#buf !== old;
  }

  /** `buf` holds `size` bytes that were just read. */
  accept(buf: Buffer, size: number): void {
    this.#size = size;
    const at = this.carry.length > 0 ? this.#complete(buf, size) : 0;
    if (at < size && !this.#closed) {
      const used = this.#owner.process(buf, at, size);
      if (used < size && !this.#closed) this.carry.append(buf, used, size, this.#owner.needed);
    }
  }

  /**
   * Completes the carried frame with as little of `buf[0, size)` as that takes, so that what follows is not copied; returns the offset
   * behind what was used.
   */
  #complete(buf: Buffer, size: number): number {
    const carry = this.carry;
    let at = 0;
    for (let step = STEP_FIRST; at < size; step *= 2) {
      const { needed } = this.#owner;
      const end = Math.min(size, at + Math.max(step, needed - carry.length));
      carry.append(buf, at, end, needed);
      at = end;
      if (carry.length < needed) break;
      this.#processCarry();
      if (this.#closed) break;
      const left = carry.length;
      if (left > at) {
        // It came with earlier reads: the frame, or where that passes in parts, some header in it.
        if (carry.given) carry.abandon();
        continue;
      }
      // What is left came with this read: it is taken from there.
      this.#drop();
      return at - left;
    }
    return size;
  }

  /** Handles what is carried, e.g. what waited during a pause. */
  resume(): void {
    if (this.carry.length === 0) return;
    this.#processCarry();
    if (this.carry.given) this.carry.abandon();
  }

  #processCarry(): void {
    const carry = this.carry;
    const used = this.#owner.process(carry.buf as Buffer, carry.start, carry.end);
    if (!this.#closed) carry.consume(used);
  }

  #drop(): void {
    if (this.carry.given) this.carry.clear();
    else this.carry.consume(this.carry.end);
  }

  /** True where a view of the frame `buf[start, end)` may be kept: its buffer, the carry's, is left to the view from now on. To one view only, whose keeper is then its owner. */
  give(buf: Buffer, start: number, end: number): boolean {
    if (!worthView(end - start, buf) || buf !== this.carry.buf || this.carry.given) return false;
    this.carry.giveAway();
    return true;
  }

  /** True where `buf[start, end)` is the last that was read into a chunk, and enough to hand that on instead of a copy. */
  mayHandOn(buf: Buffer, start: number, end: number): boolean {
    return buf === this.#buf && buf !== READ_BUFFER && end === this.#size && end - start >= HAND_ON_MIN;
  }

  /** The chunk last read into belongs to somebody else now. */
  handedOn(): void {
    this.#handedOn = true;
  }

  /** Drops everything. The socket may still read into the buffer that it has, so that one is given back only after a read. */
  close(): void {
    this.#closed = true;
    this.carry.clear();
  }
}
