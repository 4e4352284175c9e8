import { MANY, scanBulks } from '../kernel/kernel.ts';
import { READ, READ_AT, RESULT } from '../kernel/memory.ts';
import { CR, LF, Scan } from './bytes.ts';
import { CAREFUL, digitsOf, parseInt64, quickLength } from './header.ts';

/** Deepest nesting of a reply that is accepted. */
export const DEPTH_MAX = 128;
/** Longest line that declares a length, in bytes without the line end. */
export const LENGTH_LINE_MAX = 64 * 1024;
/** What `lineMax` begins with: an error may quote a whole request, which Redis limits to so much. */
export const REPLY_LINE_MAX = 1024 * 1024 * 1024;
/** Longest bulk: beyond Redis' own limit of 512 MiB, as it can be raised there. */
const BULK_MAX = 2 ** 32 - 1;
/** Most elements of an aggregate; a map counts its keys and values. */
const ELEMENTS_MAX = 2 ** 31 - 1;

/** What follows a type byte. */
const Shape = { NONE: 0, LINE: 1, BULK: 2, AGGREGATE: 3, PAIRS: 4, ATTRIBUTE: 5 } as const;

/** Shape by type byte: RESP2 (`+ - : $ *`) and RESP3 (`_ # , ( ! = ~ > % |`). An unknown byte is an error. */
const SHAPES = new Uint8Array(256);
for (const type of '+-:_#,(') SHAPES[type.charCodeAt(0)] = Shape.LINE;
for (const type of '$!=') SHAPES[type.charCodeAt(0)] = Shape.BULK;
for (const type of '*~>') SHAPES[type.charCodeAt(0)] = Shape.AGGREGATE;
SHAPES['%'.charCodeAt(0)] = Shape.PAIRS;
SHAPES['|'.charCodeAt(0)] = Shape.ATTRIBUTE;

/** Types whose length may be -1: RESP2's null bulk and null array. */
const NULLABLE = new Uint8Array(256);
for (const type of '$*') NULLABLE[type.charCodeAt(0)] = 1;

/**
 * Finds the bounds of one reply at a time, RESP2 and RESP3, any nesting up to DEPTH_MAX without recursion. Resumable like
 * the request scanner: after MORE the next call brings the same bytes again with more behind them.
 *
 *   #open  [1, 3, 2]   elements still missing per open aggregate; [0] is the reply itself
 *               ^#depth
 */
export class ReplyScanner {
  /** On FRAME: offset behind the reply. */
  next = 0;
  /** On MORE: the least number of bytes from the reply's first that it will have. */
  needed = 0;
  /** On ERROR: what was wrong, for the log. */
  error = '';
  /** The longest line of a simple string, error or number that is taken, in bytes. */
  lineMax = REPLY_LINE_MAX;

  readonly #open = new Float64Array(DEPTH_MAX + 1);
  #depth = 0;
  /** Scanned bytes of the unfinished reply. */
  #at = 0;
  /** Length of the bulk whose payload comes next, or -1. */
  #bulk = -1;
  /** Leading bytes of the unfinished line that were searched for its end; such a line is read on the careful path. */
  #searched = 0;
  /** Bytes of the unfinished line that `cut` has let go; its type byte is among them. */
  #lineCut = 0;
  #headerEnd = 0;

  constructor() {
    this.#open[0] = 1;
  }

  /** Looks for a reply in `src[from, to)`. */
  scan(src: Buffer, from: number, to: number): Scan {
    let at = from + this.#at;
    let bulk = this.#bulk;
    if (bulk < 0 && this.#depth > 0) at = this.#skip(src, at, to);
    while (this.#open[0] !== 0) {
      if (bulk < 0) {
        if (at >= to) return this.#pause(at - from, -1, at - from + 3);
        const depth = this.#depth;
        const verdict = this.#header(src, at, to);
        if (verdict !== Scan.FRAME) return verdict === Scan.MORE ? this.#pause(at - from, -1, to - from + 1) : verdict;
        bulk = this.#bulk;
        at = this.#depth > depth ? this.#skip(src, this.#headerEnd, to) : this.#headerEnd;
      }
      if (bulk >= 0) {
        const end = at + bulk;
        if (end + 2 > to) return this.#pause(at - from, bulk, end + 2 - from);
        if (src[end] !== CR || src[end + 1] !== LF) return this.#fail('a bulk does not end in CRLF');
        at = end + 2;
        bulk = -1;
        this.#closeElement();
      }
    }
    this.reset();
    this.next = at;
    return Scan.FRAME;
  }

  /** Steps over the bulks at `at` that are plain and whole, in the kernel, where many are missing; returns the offset behind them. */
  #skip(src: Buffer, at: number, to: number): number {
    const left = this.#open[this.#depth] as number;
    if (left < MANY || src !== READ || this.#searched !== 0 || this.#lineCut > 0) return at;
    const end = scanBulks(READ_AT + at, READ_AT + to, left) - READ_AT;
    const done = RESULT[0] as number;
    if (done > 0) {
      this.#open[this.#depth] = left - done + 1;
      this.#closeElement();
    }
    return end;
  }

  /**
   * To be called after MORE in order to pass the reply on in parts. Returns the offset up to which `src[from, to)` is done with: the next
   * call begins there.
   */
  cut(src: Buffer, from: number, to: number): number {
    let at = from + this.#at;
    if (this.#bulk >= 0) {
      const end = Math.min(to, at + this.#bulk);
      this.#bulk -= end - at;
      at = end;
    } else if (this.#searched > 0 && (this.#lineCut > 0 || SHAPES[src[at] as number] === Shape.LINE)) {
      at += this.#searched;
      this.#lineCut += this.#searched;
      this.#searched = 0;
    }
    this.#at = 0;
    this.needed -= at - from;
    return at;
  }

  /** Forgets an unfinished reply. */
  reset(): void {
    this.#depth = 0;
    this.#open[0] = 1;
    this.#at = 0;
    this.#bulk = -1;
    this.#searched = 0;
    this.#lineCut = 0;
  }

  /** Reads one header or line at `at`: sets `#headerEnd`, and `#bulk` where a payload follows. */
  #header(src: Buffer, at: number, to: number): Scan {
    if (this.#lineCut > 0) return this.#line(src, at, to);
    const type = src[at] as number;
    const shape = SHAPES[type] as number;
    this.#bulk = -1;
    if (shape === Shape.NONE) return this.#fail(`unknown type byte 0x${type.toString(16)}`);
    if (shape === Shape.LINE) return this.#line(src, at, to);
    let length = this.#searched === 0 ? quickLength(src, at + 1, to) : CAREFUL;
    if (length !== CAREFUL) {
      this.#headerEnd = at + 3 + digitsOf(length);
    } else {
      const verdict = this.#lineEnd(src, at, to, LENGTH_LINE_MAX);
      if (verdict !== Scan.FRAME) return verdict;
      length = parseInt64(src, at + 1, this.#headerEnd - 2);
    }
    if (length === -1 && NULLABLE[type] === 1) {
      this.#closeElement();
      return Scan.FRAME;
    }
    if (!(length >= 0)) return this.#fail('invalid length');
    if (shape !== Shape.BULK) return this.#aggregate(shape, length);
    if (length > BULK_MAX) return this.#fail('bulk too long');
    this.#bulk = length;
    return Scan.FRAME;
  }

  #aggregate(shape: number, length: number): Scan {
    const elements = shape === Shape.AGGREGATE ? length : length * 2;
    if (elements > ELEMENTS_MAX) return this.#fail('aggregate too long');
    if (shape === Shape.ATTRIBUTE) {
      // Pairs that stand before a reply: they count as elements of the same level, and the reply is still to come.
      this.#open[this.#depth] = (this.#open[this.#depth] as number) + elements;
      return Scan.FRAME;
    }
    if (elements === 0) {
      this.#closeElement();
      return Scan.FRAME;
    }
    if (this.#depth === DEPTH_MAX) return this.#fail('nested too deep');
    this.#open[++this.#depth] = elements;
    return Scan.FRAME;
  }

  #line(src: Buffer, at: number, to: number): Scan {
    const verdict = this.#lineEnd(src, at, to, this.lineMax - this.#lineCut);
    if (verdict === Scan.FRAME) this.#closeElement();
    return verdict;
  }

  /** Sets `#headerEnd` behind the CRLF of the line at `at`, or of what is left of it. */
  #lineEnd(src: Buffer, at: number, to: number, max: number): Scan {
    let end = at + (this.#lineCut > 0 ? this.#searched : Math.max(1, this.#searched));
    while (end < to && src[end] !== CR) end++;
    this.#searched = end - at;
    if (end - at > max) return this.#fail('line too long');
    if (end + 1 >= to) return Scan.MORE;
    this.#searched = 0;
    this.#lineCut = 0;
    if (src[end + 1] !== LF) return this.#fail('CR without LF');
    this.#headerEnd = end + 2;
    return Scan.FRAME;
  }

  /** One element is complete; so is every aggregate that it was the last one of. */
  #closeElement(): void {
    for (;;) {
      const left = (this.#open[this.#depth] as number) - 1;
      this.#open[this.#depth] = left;
      if (left > 0 || this.#depth === 0) return;
      this.#depth--;
    }
  }

  #pause(at: number, bulk: number, needed: number): Scan {
    this.#at = at;
    this.#bulk = bulk;
    this.needed = needed;
    return Scan.MORE;
  }

  #fail(text: string): Scan {
    this.error = text;
    return Scan.ERROR;
  }
}
