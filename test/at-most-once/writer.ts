import { connect, type Socket } from 'node:net';
import type { Random } from '../support/random.ts';
import type { Ledger } from './ledger.ts';

/** How a client goes: FIN, RST, or RST in the middle of a request. */
export type Leave = 'end' | 'reset' | 'cut';

export interface WriterOptions {
  readonly port: number;
  readonly ledger: Ledger;
  readonly random: Random;
  /** Writes sent and not answered at most. */
  readonly depth: number;
  /** Send the next `depth` writes only when all of the last are answered. */
  readonly burst: boolean;
}

/** After a refusal: refused writes are many and prove little. */
const REFUSED_WAIT_MS = 20;

let sessions = 0;

/** A client that writes until the ledger is full; after each loss of its connection it comes back as another session. */
export class Writer {
  /** Connections that were lost though the client had not left. */
  lost = 0;
  readonly done: Promise<void>;
  readonly #options: WriterOptions;
  #socket: Socket;
  #session = 0;
  /** Ids sent and not answered, from `#head` on. */
  #sent: number[] = [];
  #head = 0;
  #unread = '';
  #leaving = false;
  #waiting: NodeJS.Timeout | undefined;
  #resolve: () => void = () => {};

  constructor(options: WriterOptions) {
    this.#options = options;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#socket = this.#connect();
  }

  get #open(): number {
    return this.#sent.length - this.#head;
  }

  leave(how: Leave): void {
    if (this.#leaving || this.#socket.connecting || this.#options.ledger.full) return;
    this.#leaving = true;
    const socket = this.#socket;
    if (how === 'end') socket.destroy();
    else if (how === 'reset') socket.resetAndDestroy();
    else this.#cut();
  }

  #cut(): void {
    const { ledger, random } = this.#options;
    const id = ledger.issue(random, this.#session);
    const request = ledger.request(id);
    ledger.settle(id, 'cut');
    const socket = this.#socket;
    socket.write(request.slice(0, 1 + random.below(request.length - 1)), 'latin1', () => socket.resetAndDestroy());
  }

  #connect(): Socket {
    this.#session = sessions++;
    this.#sent = [];
    this.#head = 0;
    this.#unread = '';
    this.#leaving = false;
    const socket = connect({ host: '127.0.0.1', port: this.#options.port, noDelay: true });
    socket.setEncoding('latin1');
    socket.on('connect', () => this.#fill());
    socket.on('data', (text) => this.#onData(text as unknown as string));
    socket.on('error', () => {});
    socket.on('close', () => this.#onClose());
    return socket;
  }

  #fill(): void {
    const { ledger, random, depth, burst } = this.#options;
    if (this.#leaving || this.#socket.connecting) return;
    if (ledger.full) {
      if (this.#open === 0) this.#socket.end();
      return;
    }
    if (this.#waiting !== undefined || (burst && this.#open > 0)) return;
    let requests = '';
    while (this.#open < depth && !ledger.full) {
      const id = ledger.issue(random, this.#session);
      this.#sent.push(id);
      requests += ledger.request(id);
    }
    if (requests !== '') this.#socket.write(requests, 'latin1');
  }

  #onData(text: string): void {
    const lines = (this.#unread + text).split('\r\n');
    this.#unread = lines.pop() as string;
    for (const line of lines) {
      const id = this.#sent[this.#head++];
      if (id === undefined) throw new Error(`a reply without a request: ${line}`);
      if (this.#options.ledger.answer(id, line) === 'never') this.#pause();
    }
    if (this.#head === this.#sent.length) {
      this.#sent = [];
      this.#head = 0;
    }
    this.#fill();
  }

  #pause(): void {
    this.#waiting ??= setTimeout(() => {
      this.#waiting = undefined;
      this.#fill();
    }, REFUSED_WAIT_MS);
  }

  #onClose(): void {
    const { ledger } = this.#options;
    for (const id of this.#sent.slice(this.#head)) ledger.settle(id, 'gone');
    if (!this.#leaving && !ledger.full) this.lost++;
    if (ledger.full) this.#resolve();
    else this.#socket = this.#connect();
  }
}
