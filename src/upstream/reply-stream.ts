import type { BackendCounters } from '../observe/counters.ts';
import type { Intake } from '../util/intake.ts';
import type { Reading } from '../util/reading.ts';
import type { Part, PartSource, ReplyTarget } from './target.ts';

/**
 * Only a reply from this size on may be held up. Smaller ones are taken whole, whatever the client does: on the shared connection others wait
 * behind them, and leases are few.
 */
const HOLD_MIN = 8 * 1024 * 1024;

/** The connection that a reply streams through. */
export interface Streaming {
  /** Not the shared one. */
  readonly lease: boolean;
  readonly closed: boolean;
  /** Requests that wait for replies behind it. */
  readonly waiting: number;
  /** A reply has become so large that the connection should not be shared any more. */
  onHuge(): void;
  /** It is read from again: until now the node had no chance to be heard. */
  onResumed(): void;
}

/** The large reply that a connection is reading, if it is: passes it on in parts, before it is whole. */
export class ReplyStream implements PartSource {
  /** A reply is coming in parts. */
  active = false;
  /** Reading is held up until the client has taken more of the reply. */
  held = false;
  readonly #connection: Streaming;
  readonly #intake: Intake;
  readonly #reading: Reading;
  readonly #counters: BackendCounters;
  /** Who takes the parts; null where nobody wants them any more. */
  #target: ReplyTarget | null = null;
  #token = 0;
  /** Bytes that were passed on so far. */
  #size = 0;
  readonly #part: Part = { buf: Buffer.alloc(0), start: 0, end: 0, chunk: false, last: false, total: 0, source: null };

  constructor(connection: Streaming, intake: Intake, reading: Reading, counters: BackendCounters) {
    this.#connection = connection;
    this.#intake = intake;
    this.#reading = reading;
    this.#counters = counters;
  }

  /** True where parts are for something of `owner`. */
  isFor(owner: object): boolean {
    return this.#target?.owner === owner;
  }

  get crowded(): boolean {
    return this.held && this.#connection.waiting > 0;
  }

  /** A reply begins to come in parts; `target` is null where nobody wants it. */
  begin(target: ReplyTarget | null, token: number): void {
    this.active = true;
    this.#size = 0;
    this.#target = target;
    this.#token = token;
    this.#intake.streaming = true;
  }

  /** Passes on `buf[start, end)`; of a part that is not the last, at least `needed` bytes are to come. */
  pass(buf: Buffer, start: number, end: number, last: boolean, needed: number): void {
    const connection = this.#connection;
    const taker = this.#target === null ? null : this.#target.parts;
    this.#size += end - start;
    // Before the taker hears of it, who may end the connection then: a reply that is whole is not cut off.
    if (last) this.#end();
    let taken = false;
    if (taker !== null) {
      const part = this.#part;
      part.buf = buf;
      part.start = start;
      part.end = end;
      part.chunk = this.#intake.mayHandOn(buf, start, end);
      part.last = last;
      part.total = this.#size;
      const huge = !last && this.#size + needed >= HOLD_MIN;
      if (huge && !connection.lease) connection.onHuge();
      part.source = huge && connection.lease ? this : null;
      taken = taker.onPart(this.#token, part);
      if (!taken) this.#target = null;
      else if (part.chunk) this.#intake.handedOn();
    }
    if (!last) return;
    if (taken) this.#counters.delivered++;
    else this.#counters.dropped++;
  }

  #end(): void {
    this.active = false;
    this.#target = null;
    this.#intake.streaming = false;
  }

  hold(): boolean {
    if (this.#connection.closed || !this.#connection.lease) return false;
    this.held = true;
    this.#reading.stop();
    return true;
  }

  resume(): void {
    if (!this.held) return;
    this.held = false;
    this.#connection.onResumed();
    this.#reading.go();
  }

  /** The connection is gone. */
  cutOff(): void {
    if (!this.active) return;
    this.active = false;
    this.#counters.failed++;
    this.#target?.parts?.onCutOff(this.#token);
    this.#target = null;
  }
}
