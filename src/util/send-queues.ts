import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';

/**
 * What the kernel holds of what was written to TCP sockets and the other side has not acknowledged. It takes megabytes for a client that
 * reads nothing at all, and from one that reads slowly again only when a good part of that has left: whether a client takes anything can be seen here
 * only. Linux tells, in one table for all sockets; it is read beside the event loop, only while somebody asks, and seldom: that takes the kernel 10 to 60 ms,
 * as it walks over all places where a socket could be.
 *
 *   written   ────────────────────────────────▶
 *             acknowledged  │ queued   │ left with libuv
 *                           ^ grows where the client takes something
 *
 * Source: proc_net_tcp.rst of the Linux kernel; column `tx_queue` counts bytes from the first that was not acknowledged.
 */
const TABLES: readonly string[] = ['/proc/self/net/tcp', '/proc/self/net/tcp6'];
const READ_BYTES = 64 * 1024;
/** Between two looks. */
const REST_MS = 1000;
/** Where somebody has taken nothing since the last look, or waits for one, the next comes up to so many times sooner. */
const HURRY = 4;
/** But then a look takes one part in so many of the time at most, unless it would be later than without hurry. */
const LOOK_SHARE = 20;
/** Sockets to be told apart at a time: asking the kernel who one is takes it some 5 to 25 us. */
const SLICE = 50;
/** Columns, counted from 0. */
const QUEUES = 4;
const INODE = 9;

const NEWLINE = 0x0a;
const SPACE = 0x20;
/** Of each byte what it is worth as a digit; more than any radix where it is none. */
const DIGITS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = '0123456789ABCDEF'.indexOf(String.fromCharCode(byte));
  return digit < 0 ? 255 : digit;
});

/** A socket whose queue is asked for. */
export interface Queued {
  /** What tells the socket from all others of the host; null where it is closed, or not TCP. */
  readonly inode: number | null;
  /** The table is about to be read. */
  beginLook(): void;
  /** It was read: the kernel holds `bytes` for the socket; null where that could not be learned. True where the other side has taken nothing since the last look. */
  endLook(bytes: number | null): boolean;
}

export class SendQueues {
  #tables: readonly string[];
  #asked: Queued[] = [];
  /** Some of those cannot wait for a second. */
  #urgent = false;
  /** A table is being read. */
  #looking = false;
  /** The next look. */
  #timer: NodeJS.Timeout | undefined;
  /** No look begins before; an urgent one not before the other. */
  #restUntil = 0;
  #hurryUntil = 0;
  readonly #restMs: number;
  readonly #share: number;

  constructor(tables: readonly string[] = TABLES, restMs = REST_MS, share = LOOK_SHARE) {
    this.#tables = tables;
    this.#restMs = restMs;
    this.#share = share;
  }

  /** `socket` is told when the next look is over. To be asked once until then. */
  ask(socket: Queued, urgent = false): void {
    if (this.#tables.length === 0) {
      socket.endLook(null);
      return;
    }
    this.#asked.push(socket);
    // Whoever else asks until the look begins is told from the same reading.
    const waits = this.#timer !== undefined && (this.#urgent || !urgent);
    this.#urgent ||= urgent;
    if (this.#looking || waits) return;
    clearTimeout(this.#timer);
    const until = this.#urgent ? this.#hurryUntil : this.#restUntil;
    this.#timer = setTimeout(() => void this.#look(), Math.max(1, until - performance.now())).unref();
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    this.#looking = true;
    this.#urgent = false;
    const sockets = await known(this.#asked.splice(0));
    const began = performance.now();
    let standing = false;
    for (const path of this.#tables) {
      if (sockets.size === 0) break;
      try {
        await readRows(path, (inode, bytes) => {
          if (sockets.get(inode)?.endLook(bytes)) standing = true;
          sockets.delete(inode);
        });
      } catch (error) {
        // Where there is no IPv6, there is no table of it. Other errors may pass.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') this.#tables = this.#tables.filter((table) => table !== path);
      }
    }
    for (const socket of sockets.values()) socket.endLook(null);
    const now = performance.now();
    this.#hurryUntil = now + Math.min(this.#restMs, Math.max(this.#restMs / HURRY, this.#share * (now - began)));
    this.#restUntil = standing ? this.#hurryUntil : now + this.#restMs;
    this.#looking = false;
    const urgent = this.#urgent;
    for (const socket of this.#asked.splice(0)) this.ask(socket, urgent);
  }
}

/** Those of `asked` that have an inode, by that; a few at a time, so that other things go on between. */
async function known(asked: readonly Queued[]): Promise<Map<number, Queued>> {
  const sockets = new Map<number, Queued>();
  for (const [i, socket] of asked.entries()) {
    if (i > 0 && i % SLICE === 0) await setImmediate();
    const { inode } = socket;
    if (inode === null) {
      socket.endLook(null);
      continue;
    }
    socket.beginLook();
    sockets.set(inode, socket);
  }
  return sockets;
}

/** All sockets of the process. */
export const sendQueues = new SendQueues();

async function readRows(path: string, take: (inode: number, bytes: number) => void): Promise<void> {
  const file: FileHandle = await open(path);
  try {
    const buf = Buffer.allocUnsafe(READ_BYTES);
    for (let kept = 0; ; ) {
      const { bytesRead } = await file.read(buf, kept, buf.length - kept, null);
      if (bytesRead === 0) return;
      const end = kept + bytesRead;
      const used = takeRows(buf, end, take);
      buf.copyWithin(0, used, end);
      kept = end - used;
    }
  } finally {
    await file.close();
  }
}

/** Reads the whole lines in `buf[0, end)`; returns the offset behind them. In the head line no column is a number: it reads as that of socket 0, which is none. */
function takeRows(buf: Buffer, end: number, take: (inode: number, bytes: number) => void): number {
  let at = 0;
  for (;;) {
    const newline = buf.indexOf(NEWLINE, at);
    if (newline < 0 || newline >= end) return at;
    const queues = columnAt(buf, at, QUEUES);
    take(numberAt(buf, columnAt(buf, queues, INODE - QUEUES), 10), numberAt(buf, queues, 16));
    at = newline + 1;
  }
}

/** Offset of the `count`th column behind that at `at`, which may begin with spaces. */
function columnAt(buf: Buffer, at: number, count: number): number {
  let i = at;
  for (let left = count; ; left--) {
    while (buf[i] === SPACE) i++;
    if (left === 0) return i;
    while (buf[i] !== SPACE && buf[i] !== NEWLINE) i++;
    if (buf[i] === NEWLINE) return i;
  }
}

/** The number at `at`; 0 where there is none. */
function numberAt(buf: Buffer, at: number, radix: number): number {
  let value = 0;
  for (let i = at; ; i++) {
    const digit = DIGITS[buf[i] as number] as number;
    if (digit >= radix) return value;
    value = value * radix + digit;
  }
}
