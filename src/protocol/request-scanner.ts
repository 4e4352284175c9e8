import { type KernelRouting, MANY, scanArgs } from '../kernel/kernel.ts';
import { AHEAD, AHEAD_ARGS, AHEAD_INTS, ARGS, ARGS_AT, READ, READ_AT, RESULT } from '../kernel/memory.ts';
import { ahead, NONE } from './ahead.ts';
import { CR, DOLLAR, LF, Scan, STAR } from './bytes.ts';
import { CAREFUL, digitsOf, parseInt64, quickLength } from './header.ts';
import { splitInline } from './inline.ts';
import { encodeRequest } from './multibulk.ts';
import type { RequestView } from './request.ts';

/**
 * Redis' PROTO_INLINE_MAX_SIZE: the longest header line and the longest inline request, in bytes without the line end. Redis
 * lets a longer one pass where it comes in one read; here the verdict does not depend on how the bytes are cut.
 */
export const LINE_MAX = 64 * 1024;
/** Redis' limits for a client that has not authenticated yet. */
const UNAUTHENTICATED_ARGS_MAX = 10;
const UNAUTHENTICATED_BULK_MAX = 16384;
const MULTIBULK_MAX = 2 ** 31 - 1;
const ARGS_FIRST = 16;
const ARGS_KEEP_MAX = 1024;
/** Before there are any: many a client needs no more than the kernel's records. */
const NO_ARGS = new Int32Array(0);
const NO_BYTES: Buffer = Buffer.alloc(0);
/** Stands in for a missing `KernelRouting`. */
const NO_ROUTING: KernelRouting = { hash: { which: -1, open: -1, close: 0 }, version: () => 0, table: () => 0 };
/** Instead of a route: there is none. */
export const NOWHERE = -1;

export interface RequestScannerOptions {
  /** Redis' proto-max-bulk-len, in bytes. */
  readonly bulkMax: number;
  /** How requests are routed whose key is argument 1; null where the kernel does not know how. */
  readonly routing?: KernelRouting | null;
}

/**
 * Finds the bounds of one request at a time, as Redis 7.0's `networking.c` does: same limits, same verdicts, same texts.
 * Resumable: after MORE the next call brings the same bytes again with more behind them, and the scanner goes on
 * where it stopped. Nothing is allocated from a declared length: `args` grows with the arguments really seen.
 *
 *   source  │ *3\r\n $3\r\n SET\r\n $1\r\n k\r\n $9\r\n val… │
 *            ^from                               ^from + #at   #left = 1, #bulk = 9
 */
export class RequestScanner implements RequestView {
  buf: Buffer = NO_BYTES;
  base = 0;
  limit = 0;
  argc = 0;
  args: Int32Array;
  hash = -1;
  /** Offset in the source behind what was used: the frame on FRAME; empty requests (`*0`, blank lines) on MORE. */
  next = 0;
  /** On ERROR: Redis' text behind `Protocol error: `. */
  error = '';
  /** On MORE: the number of bytes from `next` without which nothing new can be said; 0 where nothing is left over. */
  needed = 0;
  /** Before AUTH, Redis takes only small requests. */
  authenticated = true;

  /** The array behind `args` where that is not a record of the kernel. */
  #args = NO_ARGS;
  readonly #routing: KernelRouting;
  readonly #bulkMax: number;
  /** Payloads up to this length need no further check. */
  readonly #quickMax: number;
  /** Scanned bytes of the unfinished frame. */
  #at = 0;
  /** Arguments still to come; 0 between frames. */
  #left = 0;
  /** Length of the argument whose payload comes next, or -1 where its header does. */
  #bulk = -1;
  /** Leading bytes of the unfinished line that were searched for its end; such a line is read on the careful path. */
  #searched = 0;
  /** Some line does not end in CRLF, which Redis does not check; such a frame is re-encoded before it goes on. */
  #loose = false;
  /** The frame's first part has been passed on; see `cut`. */
  #cut = false;
  /** What `#header` has just read: its number, and the offset behind it. */
  #number = 0;
  #headerEnd = 0;

  constructor(options: RequestScannerOptions) {
    this.#bulkMax = options.bulkMax;
    this.#routing = options.routing ?? NO_ROUTING;
    this.#quickMax = Math.min(options.bulkMax, UNAUTHENTICATED_BULK_MAX);
    this.args = this.#args;
  }

  /** To be called when there are new bytes: drops what was scanned ahead. */
  begin(): void {
    ahead.forget(this);
  }

  /** Looks for a request in `src[from, to)`; on FRAME the view's fields describe it. */
  scan(src: Buffer, from: number, to: number): Scan {
    if (src === READ) {
      const record = this.#findAhead(from, to);
      if (record !== NONE) {
        this.#adoptAhead(record, from);
        return Scan.FRAME;
      }
    }
    this.next = from;
    if (this.#left === 0) {
      this.args = this.#args;
      this.hash = -1;
      this.argc = 0;
      this.#at = 0;
      this.needed = 0;
      while (this.#left === 0) {
        if (this.next === to) return Scan.MORE;
        const verdict = src[this.next] === STAR ? this.#open(src, to) : this.#inline(src, to);
        if (verdict !== Scan.MORE) return verdict;
        if (this.needed > 0) return Scan.MORE;
      }
    }
    return this.#arguments(src, to);
  }

  /**
   * The route of the request at `READ[from, to)`. Where the kernel has one the request is used, `next` is behind it and the view does not
   * show it; else NOWHERE, and it is still to be scanned.
   */
  route(from: number, to: number): number {
    const record = this.#findAhead(from, to);
    if (record === NONE) return NOWHERE;
    const at = AHEAD_INTS * record;
    const route = AHEAD[at + 3] as number;
    if (route !== NOWHERE) {
      this.next = (AHEAD[at] as number) - READ_AT;
      this.needed = 0;
      ahead.take(this.next);
    }
    return route;
  }

  #findAhead(from: number, to: number): number {
    if (this.#left > 0 || this.#searched > 0 || !this.authenticated) return NONE;
    return ahead.find(this, from, to, this.#quickMax, this.#routing);
  }

  /** Makes a request that the kernel has scanned ahead the current view. */
  #adoptAhead(record: number, from: number): void {
    const at = AHEAD_INTS * record;
    const end = (AHEAD[at] as number) - READ_AT;
    this.buf = READ;
    this.base = from;
    this.limit = end;
    this.next = end;
    this.needed = 0;
    this.argc = AHEAD[at + 1] as number;
    this.hash = this.argc < 2 || this.#routing === NO_ROUTING ? -1 : (AHEAD[at + 2] as number) >>> 0;
    this.args = AHEAD_ARGS[record] as Int32Array;
    ahead.take(end);
  }

  /** Bytes that the bounds of arguments take, where they are many. */
  get heldBytes(): number {
    return this.#args.length > 2 * ARGS_KEEP_MAX ? this.#args.byteLength : 0;
  }

  /** Arguments of the frame at hand, those still to come included. */
  get argsDeclared(): number {
    return this.argc + this.#left;
  }

  /**
   * After MORE: makes what has been scanned of the unfinished frame the current view. False where it cannot be passed on as it
   * came. Of the arguments only the first `argc` are there; `limit` is where the last of them ends.
   */
  peek(src: Buffer): boolean {
    this.buf = src;
    this.base = this.next;
    this.limit = this.next + this.#at;
    return this.#left > 0 && !this.#loose && this.#searched === 0;
  }

  /**
   * To be called after MORE in order to pass the frame on in parts. Returns the offset up to which `src` is done with: the next call begins
   * there. From then on the frame is no view: only its end is looked for, and wrong line ends go on as they came.
   */
  cut(to: number): number {
    let at = this.next + this.#at;
    if (this.#bulk >= 0) {
      const end = Math.min(to, at + this.#bulk);
      this.#bulk -= end - at;
      at = end;
    }
    this.#cut = true;
    this.needed -= at - this.next;
    this.#at = 0;
    return at;
  }

  /** Lets go of the last frame: it may be all that a large buffer is still kept for. */
  release(): void {
    if (this.buf !== READ) this.buf = NO_BYTES;
  }

  /** Forgets an unfinished frame. */
  reset(): void {
    this.#left = 0;
    this.#bulk = -1;
    this.#searched = 0;
    this.#loose = false;
    this.#cut = false;
    if (this.#args.length > 2 * ARGS_KEEP_MAX) this.#setArgs(NO_ARGS);
  }

  /** Reads `*count`: sets `#left`, or steps over an empty request; `needed` > 0 says that the line is not whole. */
  #open(src: Buffer, to: number): Scan {
    const from = this.next;
    let count = this.#searched === 0 ? quickLength(src, from + 1, to) : CAREFUL;
    if (count !== CAREFUL) {
      this.#headerEnd = from + 3 + digitsOf(count);
    } else {
      const verdict = this.#header(src, from, to, 'too big mbulk count string');
      if (verdict !== Scan.FRAME) return verdict;
      count = this.#number;
    }
    if (!(count <= MULTIBULK_MAX)) return this.#fail('invalid multibulk length');
    if (count > UNAUTHENTICATED_ARGS_MAX && !this.authenticated) return this.#fail('unauthenticated multibulk length');
    if (count <= 0) {
      this.next = this.#headerEnd;
      this.#loose = false;
      return Scan.MORE;
    }
    if (this.#args.length > 2 * ARGS_KEEP_MAX && count <= ARGS_KEEP_MAX) this.#setArgs(NO_ARGS);
    this.#left = count;
    this.#at = this.#headerEnd - from;
    return Scan.MORE;
  }

  #arguments(src: Buffer, to: number): Scan {
    const from = this.next;
    let at = from + this.#at;
    let bulk = this.#bulk;
    let left = this.#left;
    if (left >= MANY && src === READ && bulk < 0 && this.#searched === 0) {
      at = this.#many(from, at, to, left);
      left -= RESULT[0] as number;
    }
    while (left > 0) {
      if (bulk < 0) {
        bulk = src[at] === DOLLAR && this.#searched === 0 ? quickLength(src, at + 1, to) : CAREFUL;
        if (bulk !== CAREFUL && bulk <= this.#quickMax) {
          at += 3 + digitsOf(bulk);
        } else {
          this.#left = left;
          this.#bulk = -1;
          this.#at = at - from;
          const verdict = this.#bulkHeader(src, at, to);
          if (verdict !== Scan.FRAME) return verdict;
          bulk = this.#bulk;
          at = this.#headerEnd;
        }
      }
      const end = at + bulk;
      if (end + 2 > to) {
        this.#left = left;
        this.#bulk = bulk;
        this.#at = at - from;
        this.needed = end + 2 - from;
        return Scan.MORE;
      }
      if (!this.#cut) {
        const index = 2 * this.argc++;
        if (index >= this.args.length) this.#growArgs();
        this.args[index] = at - from;
        this.args[index + 1] = end - from;
      }
      if (src[end] !== CR || src[end + 1] !== LF) this.#loose = true;
      at = end + 2;
      bulk = -1;
      left--;
    }
    this.next = at;
    return this.#finish(src, from, at);
  }

  /** Does `#arguments` in the kernel while they are plain and whole; returns the offset behind them. Bounds of all stay in ARGS. */
  #many(from: number, at: number, to: number, left: number): number {
    const end = scanArgs(READ_AT + from, READ_AT + at, READ_AT + to, left, this.#quickMax, ARGS_AT) - READ_AT;
    const done = RESULT[0] as number;
    if (this.#cut) return end;
    const first = this.argc;
    this.argc += done;
    if (done === this.argc && done === left) {
      this.args = ARGS;
      return end;
    }
    while (this.args.length < 2 * this.argc) this.#growArgs();
    this.args.set(ARGS.subarray(0, 2 * done), 2 * first);
    return end;
  }

  /** The careful reading of `$length`: sets `#bulk` and `#headerEnd` and answers FRAME, MORE or ERROR. */
  #bulkHeader(src: Buffer, at: number, to: number): Scan {
    const verdict = this.#header(src, at, to, 'too big bulk count string');
    if (verdict !== Scan.FRAME) return verdict;
    const value = this.#number;
    const type = src[at] as number;
    if (type !== DOLLAR) return this.#fail(`expected '$', got '${String.fromCharCode(type)}'`);
    if (!(value >= 0 && value <= this.#bulkMax)) return this.#fail('invalid bulk length');
    if (value > UNAUTHENTICATED_BULK_MAX && !this.authenticated) return this.#fail('unauthenticated bulk length');
    this.#bulk = value;
    return Scan.FRAME;
  }

  /** Reads the header line at `at`, whose type byte is not looked at: sets `#number` (NaN where it is none) and `#headerEnd`. */
  #header(src: Buffer, at: number, to: number, tooBig: string): Scan {
    const end = this.#find(CR, src, at, to);
    if ((end < 0 ? to : end) - at > LINE_MAX) return this.#fail(tooBig);
    if (end < 0 || end + 1 >= to) return this.#more(to);
    this.#searched = 0;
    if (src[end + 1] !== LF) this.#loose = true;
    this.#headerEnd = end + 2;
    this.#number = parseInt64(src, at + 1, end);
    return Scan.FRAME;
  }

  /** Offset of the line's end, or -1. As Redis' `strchr` does, the search stops at a NUL: such a line never ends. */
  #find(mark: number, src: Buffer, at: number, to: number): number {
    let end = at + this.#searched;
    while (end < to && src[end] !== mark && src[end] !== 0) end++;
    this.#searched = end - at;
    return end < to && src[end] === mark ? end : -1;
  }

  #inline(src: Buffer, to: number): Scan {
    const from = this.next;
    const end = this.#find(LF, src, from, to);
    if ((end < 0 ? to : end) - from > LINE_MAX) return this.#fail('too big inline request');
    if (end < 0) return this.#more(to);
    this.#searched = 0;
    const lineEnd = end > from && src[end - 1] === CR ? end - 1 : end;
    const parts = splitInline(src, from, lineEnd);
    if (parts === null) return this.#fail('unbalanced quotes in request');
    this.next = end + 1;
    if (parts.length === 0) return Scan.MORE;
    this.#adopt(parts);
    return Scan.FRAME;
  }

  /** Makes `parts`, in canonical multibulk form, the current view. Limits were checked on the original. */
  #adopt(parts: readonly Buffer[]): void {
    this.reset();
    this.buf = encodeRequest(parts);
    this.base = 0;
    this.limit = this.buf.length;
    this.argc = parts.length;
    while (this.args.length < 2 * parts.length) this.#growArgs();
    let at = 3 + digitsOf(parts.length);
    for (const [i, { length }] of parts.entries()) {
      const start = at + 3 + digitsOf(length);
      this.args[2 * i] = start;
      this.args[2 * i + 1] = start + length;
      at = start + length + 2;
    }
  }

  #finish(src: Buffer, from: number, end: number): Scan {
    if (this.#cut) {
      this.reset();
    } else if (this.#loose) {
      const parts: Buffer[] = [];
      for (let i = 0; i < this.argc; i++)
        parts.push(src.subarray(from + (this.args[2 * i] as number), from + (this.args[2 * i + 1] as number)));
      this.#adopt(parts);
      return Scan.FRAME;
    }
    this.#left = 0;
    this.#bulk = -1;
    this.buf = src;
    this.base = from;
    this.limit = end;
    return Scan.FRAME;
  }

  #growArgs(): void {
    const larger = new Int32Array(Math.max(2 * ARGS_FIRST, this.#args.length * 2));
    larger.set(this.#args);
    this.#setArgs(larger);
  }

  #setArgs(args: Int32Array<ArrayBuffer>): void {
    this.#args = args;
    this.args = args;
  }

  #more(to: number): Scan {
    this.needed = to - this.next + 1;
    return Scan.MORE;
  }

  #fail(text: string): Scan {
    this.error = text;
    return Scan.ERROR;
  }
}
