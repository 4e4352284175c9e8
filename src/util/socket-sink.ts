import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { Sink } from './out-buffer.ts';
import { handleOf, STREAM_WRAP, type StreamHandle, type StreamWrap, type WriteRequest } from './stream-wrap.ts';

/** With so much unsent a socket is full, as Node's own streams see it. */
const FULL = 16 * 1024;

/** A request that no write has had to wait with yet: one does for all sockets. */
let spare: WriteRequest | null = null;

/**
 * Writes to a socket below its stream, whose bookkeeping for a write takes about as long as keyfan's own work for a small request and its reply.
 * The kernel takes most writes at once; those that it does not wait in libuv, in order. Where Node's insides are out of reach
 * the stream is used: slower, same behaviour.
 *
 *   write ─▶ kernel
 *     └ not all of it was taken: a WriteRequest holds the bytes until they are
 */
export class SocketSink implements Sink {
  /** Bytes handed over and not yet taken by the kernel. */
  writableLength = 0;
  /** Called when the kernel has taken the last of what it did not take at once. */
  onDrain: (() => void) | null = null;
  readonly #socket: Socket;
  readonly #wrap: StreamWrap | null;

  constructor(socket: Socket, wrap: StreamWrap | null = STREAM_WRAP) {
    this.#socket = socket;
    this.#wrap = wrap;
  }

  get full(): boolean {
    return this.writableLength >= FULL;
  }

  /** Of `writableLength`, what has not been taken even in part. */
  get left(): number {
    return handleOf(this.#socket)?.writeQueueSize ?? this.writableLength;
  }

  write(bytes: Uint8Array): void {
    const wrap = this.#wrap;
    const handle = handleOf(this.#socket);
    if (wrap === null || handle === null) {
      this.#writePlain([bytes], undefined);
      return;
    }
    spare ??= new wrap.WriteWrap();
    const error = handle.writeBuffer(spare, bytes);
    if (error !== 0) this.#fail(error);
    else if (wrap.streamBaseState[wrap.kLastWriteWasAsync] !== 0) this.#wait(bytes.length, bytes, undefined);
  }

  writeAll(list: readonly Uint8Array[], done: () => void): void {
    const wrap = this.#wrap;
    const handle = handleOf(this.#socket);
    if (wrap === null || handle === null) this.#writePlain(list, done);
    else this.#writeList(wrap, handle, list, done);
  }

  #writeList(wrap: StreamWrap, handle: StreamHandle, list: readonly Uint8Array[], done: () => void): void {
    spare ??= new wrap.WriteWrap();
    const error = handle.writev(spare, list, true);
    if (error === 0 && wrap.streamBaseState[wrap.kLastWriteWasAsync] !== 0) {
      this.#wait(sizeOf(list), list, done);
      return;
    }
    if (error !== 0) this.#fail(error);
    done();
  }

  #wait(size: number, kept: unknown, done: (() => void) | undefined): void {
    const request = spare as WriteRequest;
    spare = null;
    request.kept = kept;
    this.writableLength += size;
    request.oncomplete = (status) => {
      request.kept = null;
      if (status !== 0) this.#fail(status);
      this.#taken(size, done);
    };
  }

  #taken(size: number, done: (() => void) | undefined): void {
    this.writableLength -= size;
    done?.();
    if (this.writableLength === 0 && !this.#socket.destroyed) this.onDrain?.();
  }

  #fail(error: number): void {
    this.#socket.destroy(new Error(`write ${getSystemErrorName(error)}`));
  }

  #writePlain(list: readonly Uint8Array[], done: (() => void) | undefined): void {
    const socket = this.#socket;
    if (socket.destroyed) {
      done?.();
      return;
    }
    const size = sizeOf(list);
    this.writableLength += size;
    socket.cork();
    for (const bytes of list.slice(0, -1)) socket.write(bytes);
    socket.write(list.at(-1) as Uint8Array, () => this.#taken(size, done));
    socket.uncork();
  }
}

const sizeOf = (list: readonly Uint8Array[]): number => list.reduce((sum, { length }) => sum + length, 0);
