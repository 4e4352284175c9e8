import { connect, type Socket } from 'node:net';
import { type Job, tell } from './job.ts';
import { matches, piece } from './pattern.ts';

export interface TransferArgs {
  /** One at a time on each connection, all connections at once. */
  readonly connections: readonly { readonly port: number; readonly key: string }[];
  readonly bytes: number;
}

export interface Transferred {
  readonly sets: number;
  readonly gets: number;
  readonly seconds: number;
  /** What went wrong, in words. */
  readonly errors: readonly string[];
}

const WRITE_BYTES = 256 * 1024;
const READ_BYTES = 1024 * 1024;

/** SETs and GETs each large value once, made and checked in pieces: neither side of it ever holds one. */
export function transferLarge({ connections, bytes }: TransferArgs): Job<Transferred> {
  const began = performance.now();
  const errors: string[] = [];
  let [sets, gets] = [0, 0];
  const clients: LargeClient[] = [];
  const work = connections.map(async ({ port, key }, seed) => {
    const client = new LargeClient(port);
    clients.push(client);
    try {
      await client.set(key, seed, bytes);
      sets++;
      await client.get(key, seed, bytes);
      gets++;
    } catch (error) {
      errors.push(`${key}: ${(error as Error).message}`);
    } finally {
      client.socket.destroy();
    }
  });
  tell('started');
  return {
    result: Promise.all(work).then(() => ({ sets, gets, errors, seconds: (performance.now() - began) / 1000 })),
    stop() {
      for (const { socket } of clients) socket.destroy();
    },
  };
}

type Taker = (bytes: Buffer) => boolean;

/** One connection whose reads all go through one buffer. */
class LargeClient {
  readonly socket: Socket;
  #take: Taker = () => false;
  #fail: (error: Error) => void = () => {};

  constructor(port: number) {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    const onread = {
      buffer,
      callback: (size: number) => {
        this.#take(buffer.subarray(0, size));
        return true;
      },
    };
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true, onread });
    this.socket.on('error', (error) => this.#fail(error));
    this.socket.on('close', () => this.#fail(new Error('connection lost')));
  }

  set(key: string, seed: number, bytes: number): Promise<void> {
    const reply = this.#reply((text) => {
      if (!text.endsWith('\r\n')) return false;
      if (text !== '+OK\r\n') throw new Error(`SET: ${text.trim().slice(0, 200)}`);
      return true;
    });
    this.socket.write(`*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${bytes}\r\n`);
    this.#pour(seed, bytes);
    return reply;
  }

  /** Writes as the socket takes it. */
  #pour(seed: number, bytes: number): void {
    let sent = 0;
    const pour = (): void => {
      while (sent < bytes) {
        const next = piece(seed, sent, Math.min(WRITE_BYTES, bytes - sent));
        sent += next.length;
        if (!this.socket.write(next)) {
          this.socket.once('drain', pour);
          return;
        }
      }
      this.socket.write('\r\n');
    };
    pour();
  }

  #reply(isWhole: (text: string) => boolean): Promise<void> {
    let text = '';
    return this.#until((bytes) => {
      text += bytes.toString('latin1');
      return isWhole(text);
    });
  }

  get(key: string, seed: number, bytes: number): Promise<void> {
    const header = `$${bytes}\r\n`;
    let head = '';
    let at = 0;
    const done = this.#until((chunk) => {
      let from = 0;
      if (head.length < header.length) {
        from = Math.min(chunk.length, header.length - head.length);
        head += chunk.toString('latin1', 0, from);
        if (!header.startsWith(head)) throw new Error(`GET: ${(head + chunk.toString('latin1', from)).trim().slice(0, 200)}`);
      }
      const value = chunk.subarray(from, from + Math.max(0, bytes - at));
      if (!matches(seed, at, value)) throw new Error(`GET: wrong bytes between ${at} and ${at + value.length}`);
      at += chunk.length - from;
      return at === bytes + 2;
    });
    this.socket.write(`*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`);
    return done;
  }

  #until(take: Taker): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#take = (bytes) => {
        try {
          if (take(bytes)) resolve();
        } catch (error) {
          reject(error as Error);
        }
        return true;
      };
    });
  }
}
