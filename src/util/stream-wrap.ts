/** Node's libuv stream below a socket, as far as keyfan uses it. */
export interface StreamHandle {
  /** Called with each read: the number of its bytes, or a negative error, stands in `streamBaseState`. A buffer that it returns is the next to read into. */
  onread(): Buffer | undefined;
  /** Ours: whom `onread` is for. */
  owner: object;
  useUserBuffer(buf: Uint8Array): void;
  /** 0, or a negative error of libuv; so the others. */
  readStart(): number;
  readStop(): number;
  shutdown(request: ShutdownRequest): number;
  close(closed: () => void): void;
  /** 0, or a negative error of libuv. What the kernel does not take at once is taken later, with `request` called back. */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  writev(request: WriteRequest, list: readonly Uint8Array[], allBuffers: true): number;
  /** Bytes handed over and not yet taken by the kernel. */
  readonly writeQueueSize: number;
  /** Bytes handed over in all. */
  readonly bytesWritten: number;
  /** -1 where it is closed. */
  readonly fd: number;
  /** TCP only: closes with a reset, so that the kernel drops what it has not sent. */
  reset?(closed: () => void): number;
  /** TCP only, as the next: fill in `address` and `port`. */
  getpeername?(found: object): number;
  getsockname?(found: object): number;
  setNoDelay?(on: boolean): void;
  setKeepAlive?(on: boolean, afterSeconds: number): void;
}

/** The end of our side, behind all writes. */
export interface ShutdownRequest {
  oncomplete(status: number): void;
}

/** A write that may have to wait. While it waits, `kept` holds its bytes; in the end `oncomplete` is called with 0 or an error of libuv. */
export interface WriteRequest {
  oncomplete(status: number): void;
  kept: unknown;
}

export interface StreamWrap {
  readonly WriteWrap: new () => WriteRequest;
  readonly ShutdownWrap: new () => ShutdownRequest;
  readonly streamBaseState: Int32Array;
  /** Index in `streamBaseState`: whether the last write has to wait. */
  readonly kLastWriteWasAsync: number;
  /** Index in `streamBaseState`: what the last read has brought. */
  readonly kReadBytesOrError: number;
}

/**
 * The binding that Node's own `net` reads and writes with. It is undocumented, so its users must be able to do without: null where it is not as in
 * Node 20 to 24.
 */
export const STREAM_WRAP: StreamWrap | null = find();

function find(): StreamWrap | null {
  try {
    const wrap = (process as unknown as { binding(name: string): StreamWrap }).binding('stream_wrap');
    const { WriteWrap, ShutdownWrap, streamBaseState, kLastWriteWasAsync, kReadBytesOrError } = wrap;
    const known = typeof WriteWrap === 'function' && typeof ShutdownWrap === 'function' && streamBaseState instanceof Int32Array;
    return known && kLastWriteWasAsync >= 0 && kReadBytesOrError >= 0 ? wrap : null;
  } catch {
    return null;
  }
}

/** True where `handle` has all that a `LightSocket` needs. */
export function mayBeLight(handle: StreamHandle): boolean {
  const { useUserBuffer, readStart, readStop, shutdown, close } = handle;
  const reads = typeof useUserBuffer === 'function' && typeof readStart === 'function' && typeof readStop === 'function';
  return reads && typeof shutdown === 'function' && typeof close === 'function' && mayBeWritten(handle);
}

function mayBeWritten({ writeBuffer, writev }: StreamHandle): boolean {
  return typeof writeBuffer === 'function' && typeof writev === 'function';
}

/** The stream of a socket; null where it is closed, or not as expected. */
export function handleOf(socket: object): StreamHandle | null {
  const handle = (socket as { readonly _handle?: StreamHandle | null })._handle;
  return handle && mayBeWritten(handle) ? handle : null;
}
