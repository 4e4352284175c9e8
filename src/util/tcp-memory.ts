import { openSync, readSync } from 'node:fs';
import { clock } from './clock.ts';

/**
 * What the kernel holds in the buffers of all TCP sockets of the host. One number: reading it takes 2 us, where what it holds for a single socket takes a walk
 * over all of them (`SendQueues`).
 *
 * Source: /proc/net/sockstat, `TCP: … mem N` in pages; the figure that tcp_mem limits (ip-sysctl.rst of the Linux kernel).
 */
const PATH = '/proc/self/net/sockstat';
/** Where pages are larger there is more of it than this makes of it. */
const PAGE = 4096;
/** From here on it matters who takes nothing of what it is sent. */
const CROWDED = 64 * 1024 * 1024;
const MEM = /^TCP:.* mem (\d+)/m;

/** Tells whether the kernel holds much in all. */
export interface Host {
  readonly crowded: boolean;
}

export class TcpMemory implements Host {
  readonly #path: string;
  readonly #buf = Buffer.alloc(1024);
  /** -1 before it was opened, null where there is none. */
  #fd: number | null = -1;
  #readAt = Number.NaN;
  #bytes = 0;

  constructor(path = PATH) {
    this.#path = path;
  }

  /** Whether that is much, as of the read batch at hand (see clock.ts); never where the system does not tell. */
  get crowded(): boolean {
    if (this.#readAt !== clock.now) this.#bytes = this.#read();
    this.#readAt = clock.now;
    return this.#bytes > CROWDED;
  }

  #read(): number {
    if (this.#fd === null) return 0;
    try {
      if (this.#fd < 0) this.#fd = openSync(this.#path, 'r');
      const size = readSync(this.#fd, this.#buf, 0, this.#buf.length, 0);
      const pages = MEM.exec(this.#buf.toString('latin1', 0, size))?.[1];
      return pages === undefined ? 0 : Number(pages) * PAGE;
    } catch {
      this.#fd = null;
      return 0;
    }
  }
}

/** That of this host. */
export const tcpMemory = new TcpMemory();
