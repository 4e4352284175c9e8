import { closeSync, openSync, readSync } from 'node:fs';
import { clock } from './clock.ts';

/**
 * What the kernel holds in the buffers of all TCP sockets of the host, those that receive included. One number: reading it takes 2 us, where what it holds for a single
 * socket takes a walk over all of them (`SendQueues`).
 *
 * Source: /proc/net/sockstat, `TCP: … mem N` in pages; the figure that tcp_mem limits (ip-sysctl.rst of the Linux kernel).
 */
const PATH = '/proc/self/net/sockstat';
/** Where pages are larger there is more of it than this makes of it. */
const PAGE = 4096;
/** From here on it is a flood: it matters who takes nothing of what it is sent. */
const FLOODED = 64 * 1024 * 1024;
const MEM = /^TCP:.* mem (\d+)/m;
/** Errors that tell that there is no such file; others may pass. */
const NONE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM']);

/** Tells whether the kernel holds much in all. */
export interface Host {
  readonly flooded: boolean;
}

export class TcpMemory implements Host {
  readonly #path: string;
  readonly #buf = Buffer.alloc(1024);
  #fd = -1;
  #none = false;
  #readAt = Number.NaN;
  #bytes = 0;

  constructor(path = PATH) {
    this.#path = path;
  }

  /** As of the read batch at hand (see clock.ts); 0 where the system does not tell. */
  get bytes(): number {
    if (this.#readAt !== clock.now) this.#bytes = this.#read();
    this.#readAt = clock.now;
    return this.#bytes;
  }

  get flooded(): boolean {
    return this.bytes > FLOODED;
  }

  #read(): number {
    if (this.#none) return 0;
    try {
      if (this.#fd < 0) this.#fd = openSync(this.#path, 'r');
      const size = readSync(this.#fd, this.#buf, 0, this.#buf.length, 0);
      const pages = MEM.exec(this.#buf.toString('latin1', 0, size))?.[1];
      return pages === undefined ? 0 : Number(pages) * PAGE;
    } catch (error) {
      this.#none = NONE.has((error as NodeJS.ErrnoException).code);
      if (this.#fd >= 0) closeSync(this.#fd);
      this.#fd = -1;
      return 0;
    }
  }
}

/** That of this host. */
export const tcpMemory = new TcpMemory();
