import { READ_BUFFER } from './read-buffer.ts';
import { STREAM_WRAP, type StreamHandle, type StreamWrap } from './stream-wrap.ts';

/** What keyfan uses of a client's socket: Node's own and the light one have it in common. */
export interface ClientSocket {
  readonly destroyed: boolean;
  /** `end` was called. */
  readonly writableEnded: boolean;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  pause(): unknown;
  resume(): unknown;
  /** Ends our side behind what was written; calls `done` when the kernel has it all. */
  end(done?: () => void): unknown;
  destroy(error?: Error): unknown;
  on(event: 'end' | 'close' | 'error', listener: () => void): unknown;
}

/** libuv's number for "the other side has ended", the same on all systems. */
const EOF = -4095;
/** Where reads go, and who hears of them. */
export interface Reader {
  /** Asked before the first read and after each: the buffer of the next one, undefined where that is the same. */
  buffer(): Buffer | undefined;
  /** `size` bytes are in `buf` now. */
  callback(size: number, buf: Buffer): unknown;
}

/** Reads what comes and forgets it. */
const DISCARD: Reader = { buffer: () => undefined, callback: () => {} };

interface Address {
  readonly address?: string;
  readonly port?: number;
}

/**
 * An accepted socket on libuv's handle alone. Node's own brings two streams, with buffers, states and events for each; to make and to
 * drop one costs more than all that a client which connects for a single request needs of keyfan. It is not read from before `read` or `resume`. Reads go to
 * the buffers of a `Reader`, writes past it (`SocketSink`). It has no errors to tell: what breaks is closed.
 *
 *   reading ─▶ 'end' (the other side has ended) ─┐
 *   end()   ─▶ our side has ended ───────────────┴─ both ─▶ closed ─▶ 'close'
 *   destroy() ─────────────────────────────────────────────▶ closed
 */
export class LightSocket implements ClientSocket {
  /** By which `SocketSink` finds it, as with Node's own; null once it is closed. */
  _handle: StreamHandle | null;
  writableEnded = false;
  /** Set before `destroy`: the connection is reset. */
  resetAndClosing = false;
  #reader = DISCARD;
  #buf: Buffer = READ_BUFFER;
  #reading = false;
  #sawEnd = false;
  #finished = false;
  #onEnd: (() => void) | null = null;
  readonly #onClose: (() => void)[] = [];

  constructor(handle: StreamHandle) {
    this._handle = handle;
    handle.owner = this;
    handle.onread = onRead;
  }

  get destroyed(): boolean {
    return this._handle === null;
  }

  get remoteAddress(): string | undefined {
    return this.#address('getpeername').address;
  }

  get remotePort(): number | undefined {
    return this.#address('getpeername').port;
  }

  get localAddress(): string | undefined {
    return this.#address('getsockname').address;
  }

  get localPort(): number | undefined {
    return this.#address('getsockname').port;
  }

  /** Empty where it is closed, or not TCP. */
  #address(of: 'getpeername' | 'getsockname'): Address {
    const found: Address = {};
    this._handle?.[of]?.(found);
    return found;
  }

  /** Begins to read. */
  read(reader: Reader): void {
    this.#reader = reader;
    this.#chooseBuffer();
    this._handle?.useUserBuffer(this.#buf);
    this.resume();
  }

  #chooseBuffer(): Buffer | undefined {
    const next = this.#reader.buffer();
    if (next !== undefined) this.#buf = next;
    return next;
  }

  pause(): void {
    if (!this.#reading) return;
    this.#reading = false;
    this._handle?.readStop();
  }

  resume(): void {
    if (this.#reading || this.#sawEnd || this._handle === null) return;
    this.#reading = true;
    if (this._handle.readStart() !== 0) this.destroy();
  }

  end(done?: () => void): void {
    const handle = this._handle;
    if (this.writableEnded || handle === null) return;
    this.writableEnded = true;
    const request = new (STREAM_WRAP as StreamWrap).ShutdownWrap();
    request.oncomplete = (status) => {
      if (status !== 0) {
        this.destroy();
        return;
      }
      this.#finished = true;
      done?.();
      if (this.#sawEnd) this.destroy();
    };
    if (handle.shutdown(request) !== 0) this.destroy();
  }

  destroy(): void {
    const handle = this._handle;
    if (handle === null) return;
    this._handle = null;
    const closed = (): void => {
      for (const listener of this.#onClose) listener();
    };
    if (!this.resetAndClosing || handle.reset?.(closed) !== 0) handle.close(closed);
  }

  /** One listener of 'end', any number of 'close'. */
  on(event: 'end' | 'close' | 'error', listener: () => void): void {
    if (event === 'end') this.#onEnd = listener;
    else if (event === 'close') this.#onClose.push(listener);
  }

  /** libuv has read `size` bytes; negative: an error, or the end. Returns the next buffer where that is another. */
  heard(size: number): Buffer | undefined {
    if (size === 0) return undefined;
    if (size > 0) {
      this.#reader.callback(size, this.#buf);
      return this.#chooseBuffer();
    }
    if (size !== EOF) this.destroy();
    else this.#end();
    return undefined;
  }

  #end(): void {
    this.#sawEnd = true;
    this.#onEnd?.();
    if (this.#finished) this.destroy();
  }
}

/** Called by libuv's handle. */
function onRead(this: StreamHandle): Buffer | undefined {
  const { streamBaseState, kReadBytesOrError } = STREAM_WRAP as StreamWrap;
  return (this.owner as LightSocket).heard(streamBaseState[kReadBytesOrError] as number);
}
