import { connect, type Socket } from 'node:net';
import { type Job, tell } from './job.ts';
import { Latencies, type Summary } from './latencies.ts';

export interface NormalClient {
  readonly port: number;
  readonly key: string;
  /** Results are summed up by group. */
  readonly group: string;
}

export interface NormalArgs {
  readonly clients: readonly NormalClient[];
  /** Wait between a reply and the next request. */
  readonly thinkMs: number;
}

/** One group between two marks. */
export interface Stretch {
  readonly phase: string;
  readonly group: string;
  readonly latency: Summary;
  /** Error replies and lost connections by text. */
  readonly errors: Readonly<Record<string, number>>;
  /** Since the mark: the last error, and when every client had had a right reply. Null where that did not happen. */
  readonly lastErrorMs: number | null;
  readonly allServedMs: number | null;
}

const VALUE = 'v'.repeat(32);
/** As clients do that are written well: what is refused at once must not be asked for again and again, which would load the machine that all share. */
export const RETRY_MS = 50;

/** Clients that SET and GET a small value in turn, one request at a time. */
export function normalClients({ clients, thinkMs }: NormalArgs): Job<Stretch[]> {
  const done: Stretch[] = [];
  let tally = new Tally('first', clients);
  const running = clients.map((client) => new Normal(client, thinkMs, () => tally));
  let finish: (stretches: Stretch[]) => void = () => {};
  const next = (phase: string): void => {
    done.push(...tally.stretches());
    tally = new Tally(phase, clients);
  };
  tell('started');
  return {
    result: new Promise((resolve) => {
      finish = resolve;
    }),
    mark: next,
    stop() {
      for (const each of running) each.stop();
      next('');
      finish(done);
    },
  };
}

interface Group {
  readonly latencies: Latencies;
  readonly errors: Map<string, number>;
  lastError: number;
  /** Keys of clients that have not had a right reply since the mark. */
  readonly waiting: Set<string>;
}

class Tally {
  readonly #phase: string;
  readonly #began = performance.now();
  readonly #groups: ReadonlyMap<string, Group>;
  readonly #served = new Map<string, number>();

  constructor(phase: string, clients: readonly NormalClient[]) {
    this.#phase = phase;
    const names = [...new Set(clients.map(({ group }) => group))];
    this.#groups = new Map(
      names.map((name) => {
        const waiting = new Set(clients.filter(({ group }) => group === name).map(({ key }) => key));
        return [name, { latencies: new Latencies(), errors: new Map(), lastError: -1, waiting }];
      }),
    );
  }

  served({ group, key }: NormalClient, latencyMs: number): void {
    const entry = this.#entry(group);
    entry.latencies.add(latencyMs);
    if (entry.waiting.delete(key) && entry.waiting.size === 0) this.#served.set(group, performance.now() - this.#began);
  }

  failed({ group }: NormalClient, text: string): void {
    const entry = this.#entry(group);
    entry.errors.set(text, (entry.errors.get(text) ?? 0) + 1);
    entry.lastError = performance.now() - this.#began;
  }

  stretches(): Stretch[] {
    return [...this.#groups].map(([group, { latencies, errors, lastError }]) => ({
      phase: this.#phase,
      group,
      latency: latencies.summary(),
      errors: Object.fromEntries(errors),
      lastErrorMs: lastError < 0 ? null : lastError,
      allServedMs: this.#served.get(group) ?? null,
    }));
  }

  #entry(group: string): Group {
    return this.#groups.get(group) as Group;
  }
}

class Normal {
  readonly #client: NormalClient;
  readonly #thinkMs: number;
  readonly #tally: () => Tally;
  #socket: Socket | undefined;
  #set = true;
  #sentAt = 0;
  #reply = '';
  #stopped = false;

  constructor(client: NormalClient, thinkMs: number, tally: () => Tally) {
    this.#client = client;
    this.#thinkMs = thinkMs;
    this.#tally = tally;
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.destroy();
  }

  #connect(): void {
    if (this.#stopped) return;
    const socket = connect({ host: '127.0.0.1', port: this.#client.port, noDelay: true });
    socket.setEncoding('latin1');
    socket.on('connect', () => this.#send());
    socket.on('data', (text) => this.#onData(text as unknown as string));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#stopped) return;
      this.#tally().failed(this.#client, 'connection lost');
      this.#reply = '';
      setTimeout(() => this.#connect(), RETRY_MS);
    });
    this.#socket = socket;
  }

  #send(): void {
    if (this.#stopped) return;
    const { key } = this.#client;
    this.#sentAt = performance.now();
    const head = `$3\r\n${this.#set ? 'SET' : 'GET'}\r\n$${key.length}\r\n${key}\r\n`;
    this.#socket?.write(this.#set ? `*3\r\n${head}$${VALUE.length}\r\n${VALUE}\r\n` : `*2\r\n${head}`);
  }

  #onData(text: string): void {
    this.#reply += text;
    const right = this.#set ? '+OK\r\n' : `$${VALUE.length}\r\n${VALUE}\r\n`;
    const isError = this.#reply.startsWith('-');
    if (isError ? !this.#reply.endsWith('\r\n') : this.#reply.length < right.length) return;
    if (this.#reply === right) this.#tally().served(this.#client, performance.now() - this.#sentAt);
    else this.#tally().failed(this.#client, this.#reply.trim().slice(0, 120));
    this.#reply = '';
    // Where the SET failed the value may be missing.
    this.#set = isError || !this.#set;
    const wait = isError ? Math.max(this.#thinkMs, RETRY_MS) : this.#thinkMs;
    if (wait > 0) setTimeout(() => this.#send(), wait);
    else this.#send();
  }
}
