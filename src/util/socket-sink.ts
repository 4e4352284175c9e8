import { fstatSync } from 'node:fs';
import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { giveChunk } from './chunk-pool.ts';
import type { ClientSocket } from './light-socket.ts';
import { type Sink, worthView } from './out-buffer.ts';
import { handleOf, STREAM_WRAP, type StreamHandle, type StreamWrap, type WriteRequest } from './stream-wrap.ts';

/** From so many unsent bytes on a socket is full, as Node's own streams see it. */
const FULL = 16 * 1024;

/** While writes wait in libuv, smaller ones are collected up to this: each that waits alone costs a kilobyte and a system call. */
const COLLECT_MAX = 64 * 1024;
const COLLECT_FIRST = 1024;
const SMALL = 16 * 1024;

/** An unused WriteRequest. libuv keeps one only while a write waits, so a single spare serves all sockets. */
let spare: WriteRequest | null = null;

/**
 * Writes to a socket below its stream, whose bookkeeping for a write takes about as long as keyfan's own work for a small request and its
 * reply. The kernel takes most writes at once; the others wait in libuv, in order. Where Node's internals are not as expected, the stream
 * is used: slower, with the same behaviour.
 *
 *   write ─▶ kernel
 *     ├ not all of it was taken: a WriteRequest holds the bytes until they are
 *     └ another write is waiting: #collected ─▶ one write, when that one is done
 */
export class SocketSink implements Sink {
  /** Bytes handed over and not yet taken by the kernel. */
  writableLength = 0;
  /** Called when the kernel has taken all of what it did not take at once. */
  onDrain: (() => void) | null = null;
  readonly #socket: ClientSocket;
  readonly #wrap: StreamWrap | null;
  /** Writes that libuv has not completed. */
  #waiting = 0;
  #collected: Buffer | null = null;
  #collectedEnd = 0;
  #inode: number | null = null;

  constructor(socket: ClientSocket, wrap: StreamWrap | null = STREAM_WRAP) {
    this.#socket = socket;
    this.#wrap = wrap;
  }

  get full(): boolean {
    return this.writableLength >= FULL;
  }

  /** What libuv really has left of `writableLength`, which counts a write in full until all of it is taken. */
  get left(): number {
    return handleOf(this.#socket)?.writeQueueSize ?? this.writableLength;
  }

  /** Bytes that the kernel has been given in all; only where `inode` is known. */
  get givenBytes(): number {
    const handle = handleOf(this.#socket);
    return handle === null ? 0 : handle.bytesWritten - handle.writeQueueSize;
  }

  /** What tells the socket from all others of the host; null where it is closed, not TCP, or not as expected. */
  get inode(): number | null {
    const handle = handleOf(this.#socket);
    if (handle === null || handle.reset === undefined || !(handle.fd >= 0)) return null;
    this.#inode ??= fstatSync(handle.fd).ino;
    return this.#inode;
  }

  write(bytes: Uint8Array): void {
    const handle = this.#handle();
    if (handle === null) this.#writePlain([bytes], undefined);
    else if (this.#waiting === 0) this.#writeOn(handle, bytes);
    else if (bytes.length <= SMALL) this.#collect(bytes);
    else {
      this.push();
      this.#writeOn(handle, bytes);
    }
  }

  writeChunk(chunk: Buffer, size: number): void {
    const bytes = chunk.subarray(0, size);
    const handle = this.#handle();
    if (handle === null && this.writableLength === 0) {
      this.#writePlain([bytes], () => giveChunk(chunk));
    } else if (handle !== null && (this.#waiting === 0 || worthView(size, chunk))) {
      this.push();
      if (this.#writeOn(handle, bytes, chunk)) giveChunk(chunk);
    } else {
      // The kernel is behind, and these bytes may wait for long: few must not keep a whole chunk. Small writes are copied in any case.
      this.write(handle !== null && size <= SMALL ? bytes : Buffer.from(bytes));
      giveChunk(chunk);
    }
  }

  writeAll(list: readonly Uint8Array[], done: () => void): void {
    const handle = this.#handle();
    if (handle === null) {
      this.#writePlain(list, done);
      return;
    }
    this.push();
    const wrap = this.#wrap as StreamWrap;
    const error = handle.writev(spareOf(wrap), list, true);
    if (error === 0 && wrap.streamBaseState[wrap.kLastWriteWasAsync] !== 0) {
      this.#wait(sizeOf(list), list, done);
      return;
    }
    if (error !== 0) this.#fail(error);
    done();
  }

  /** Writes what was collected: because nothing more will come, or because nothing waits before it any more. */
  push(): void {
    const collected = this.#collected;
    if (collected === null) return;
    this.#collected = null;
    const size = this.#collectedEnd;
    this.writableLength -= size;
    const handle = this.#handle();
    if (handle !== null) this.#writeOn(handle, collected.subarray(0, size));
  }

  /** Null where the socket can only be written through its stream. */
  #handle(): StreamHandle | null {
    return this.#wrap === null ? null : handleOf(this.#socket);
  }

  /** True where the bytes are no longer needed; else `chunk`, if they lie in one, goes back to the pool later. */
  #writeOn(handle: StreamHandle, bytes: Uint8Array, chunk: Buffer | null = null): boolean {
    const wrap = this.#wrap as StreamWrap;
    const error = handle.writeBuffer(spareOf(wrap), bytes);
    if (error !== 0) this.#fail(error);
    else if (wrap.streamBaseState[wrap.kLastWriteWasAsync] !== 0) {
      this.#wait(bytes.length, bytes, chunk === null ? undefined : () => giveChunk(chunk));
      return false;
    }
    return true;
  }

  #collect(bytes: Uint8Array): void {
    if (this.#collected !== null && this.#collectedEnd + bytes.length > COLLECT_MAX) this.push();
    const old = this.#collected;
    const end = old === null ? 0 : this.#collectedEnd;
    if (old === null || end + bytes.length > old.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(COLLECT_MAX, Math.max(COLLECT_FIRST, 2 * (end + bytes.length))));
      old?.copy(larger, 0, 0, end);
      this.#collected = larger;
    }
    this.#collected?.set(bytes, end);
    this.#collectedEnd = end + bytes.length;
    this.writableLength += bytes.length;
  }

  #wait(size: number, kept: unknown, done: (() => void) | undefined): void {
    const request = spare as WriteRequest;
    spare = null;
    request.kept = kept;
    this.#waiting++;
    this.writableLength += size;
    request.oncomplete = (status) => {
      request.kept = null;
      this.#waiting--;
      if (status !== 0 && !this.#socket.destroyed) this.#fail(status);
      this.#taken(size, done);
    };
  }

  #taken(size: number, done: (() => void) | undefined): void {
    this.writableLength -= size;
    done?.();
    if (this.#waiting === 0) this.push();
    if (this.writableLength === 0 && !this.#socket.destroyed) this.onDrain?.();
  }

  #fail(error: number): void {
    // libuv may have begun to use it.
    spare = null;
    this.#socket.destroy(new Error(`write ${getSystemErrorName(error)}`));
  }

  #writePlain(list: readonly Uint8Array[], done: (() => void) | undefined): void {
    if (this.#socket.destroyed) {
      done?.();
      return;
    }
    // A light one has its handle as long as it is open.
    const socket = this.#socket as Socket;
    const size = sizeOf(list);
    this.writableLength += size;
    socket.cork();
    for (const bytes of list.slice(0, -1)) socket.write(bytes);
    socket.write(list.at(-1) as Uint8Array, () => this.#taken(size, done));
    socket.uncork();
  }
}

const sizeOf = (list: readonly Uint8Array[]): number => list.reduce((sum, { length }) => sum + length, 0);

function spareOf(wrap: StreamWrap): WriteRequest {
  spare ??= new wrap.WriteWrap();
  return spare;
}
