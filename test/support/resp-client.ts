import { connect, type Socket } from 'node:net';
import { encode, excerpt, parseReply, replyEnd } from './resp.ts';
import { within } from './wait.ts';

export type Arg = string | Buffer | number;

export interface Reply {
  /** The reply's bytes as they came. */
  readonly raw: Buffer;
  /** The same as text, a character a byte: `+OK\r\n`. */
  readonly text: string;
  /** Parsed by redis-parser (RESP2 only): an error reply is an `Error`. */
  readonly value: unknown;
}

export interface ClientOptions {
  readonly deadlineMs?: number;
  /** Keep our half open when the other side ends its own; off as in most clients. */
  readonly allowHalfOpen?: boolean;
}

/**
 * A client over one socket that hides nothing: any bytes out, each reply's bytes in, in order.
 *
 *   socket ─▶ received (unread bytes) ─▶ replies (split, unclaimed) ─▶ readers (first asked, first served)
 */
export class RespClient {
  readonly socket: Socket;
  /** Resolves when the socket is closed, with every byte ever received. */
  readonly closed: Promise<Buffer>;
  /** Set when the other side ended its half. */
  ended = false;
  /** The socket's error, e.g. ECONNRESET, if it had one. */
  error: NodeJS.ErrnoException | undefined;
  private readonly deadlineMs: number;
  private readonly chunks: Buffer[] = [];
  private unread: Buffer = Buffer.alloc(0);
  private readonly replies: Reply[] = [];
  private readonly readers: { count: number; resolve: (replies: Reply[]) => void; reject: (error: Error) => void }[] = [];
  private failure: Error | undefined;

  constructor(socket: Socket, deadlineMs: number) {
    this.socket = socket;
    this.deadlineMs = deadlineMs;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.onData(chunk));
    socket.on('end', () => {
      this.ended = true;
      this.fail(new Error(`the connection was closed by the other side${this.leftOver()}`));
    });
    socket.on('error', (error) => {
      this.error = error;
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.fail(new Error(`the connection is closed${this.error ? ` (${this.error.message})` : ''}${this.leftOver()}`));
        resolve(Buffer.concat(this.chunks));
      });
    });
  }

  /** Every byte received so far. */
  received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  send(bytes: Buffer | string): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Sends one command and reads one reply. */
  async command(...args: Arg[]): Promise<Reply> {
    this.send(encode(args));
    return (await this.read(1))[0] as Reply;
  }

  /** Sends all commands in one write and reads as many replies. */
  pipeline(commands: readonly (readonly Arg[])[]): Promise<Reply[]> {
    this.send(Buffer.concat(commands.map(encode)));
    return this.read(commands.length);
  }

  /** The next `count` replies, in order. */
  read(count: number, deadlineMs = this.deadlineMs): Promise<Reply[]> {
    const answer = new Promise<Reply[]>((resolve, reject) => {
      this.readers.push({ count, resolve, reject });
    });
    this.serve();
    return within(answer, () => `${count} replies, got ${this.replies.length}${this.leftOver()}`, deadlineMs);
  }

  /** Resolves with everything received once the socket is closed; a clear error where it stays open. */
  waitClosed(deadlineMs = this.deadlineMs): Promise<Buffer> {
    return within(this.closed, () => `the connection to close, received ${excerpt(this.received())}`, deadlineMs);
  }

  /** Half-closes: nothing more will be sent, replies are still read. */
  end(): void {
    this.socket.end();
  }

  /** Ends the connection with RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  /** Stops reading, as a slow reader does; `resume` goes on. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  private onData(chunk: Buffer): void {
    this.chunks.push(chunk);
    if (this.failure) return;
    this.unread = this.unread.length === 0 ? chunk : Buffer.concat([this.unread, chunk]);
    try {
      let end = replyEnd(this.unread);
      while (end >= 0) {
        this.replies.push(new SplitReply(this.unread.subarray(0, end)));
        this.unread = this.unread.subarray(end);
        end = this.unread.length === 0 ? -1 : replyEnd(this.unread);
      }
    } catch (error) {
      this.fail(error as Error);
    }
    this.serve();
  }

  private serve(): void {
    for (let reader = this.readers[0]; reader && this.replies.length >= reader.count; reader = this.readers[0]) {
      this.readers.shift();
      reader.resolve(this.replies.splice(0, reader.count));
    }
    if (!this.failure) return;
    for (const reader of this.readers.splice(0)) {
      reader.reject(new Error(`waiting for ${reader.count} replies, got ${this.replies.length}: ${this.failure.message}`));
    }
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.serve();
  }

  private leftOver(): string {
    return this.unread.length === 0 ? '' : ` and ${this.unread.length} bytes of an incomplete one: ${excerpt(this.unread)}`;
  }
}

class SplitReply implements Reply {
  readonly raw: Buffer;
  constructor(raw: Buffer) {
    this.raw = raw;
  }
  get text(): string {
    return this.raw.toString('latin1');
  }
  get value(): unknown {
    return parseReply(this.raw);
  }
}

/** Connects to a port of 127.0.0.1, to `host:port` or to a Unix socket path. */
export function connectResp(target: number | string, options: ClientOptions = {}): Promise<RespClient> {
  const { deadlineMs = 5000, allowHalfOpen = false } = options;
  const socket = connect({ ...destination(target), allowHalfOpen });
  const client = new RespClient(socket, deadlineMs);
  const connected = new Promise<RespClient>((resolve, reject) => {
    socket.once('connect', () => resolve(client));
    socket.once('error', reject);
  });
  return within(connected, `a connection to ${target}`, deadlineMs);
}

function destination(target: number | string): { host: string; port: number } | { path: string } {
  if (typeof target === 'number') return { host: '127.0.0.1', port: target };
  if (target.includes('/')) return { path: target };
  const colon = target.lastIndexOf(':');
  return { host: target.slice(0, colon), port: Number(target.slice(colon + 1)) };
}
