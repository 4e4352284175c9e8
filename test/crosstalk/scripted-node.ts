import { createServer, type Server, type Socket } from 'node:net';
import type { Random } from '../support/random.ts';
import { Inbox, Writer } from './bytes.ts';
import { hashOf, type Identity, isValue, Kind, readKey } from './identity.ts';
import { mix } from './mix.ts';
import { ReplyWriter, refuses } from './replies.ts';
import { RequestReader } from './request-reader.ts';
import type { Tally } from './tally.ts';

/** One in so many replies meets the fault; 0 switches it off. */
export interface FaultRates {
  /** Half of the reply, then RST. */
  readonly cut: number;
  /** The same for replies above 30 KiB. */
  readonly cutLarge: number;
  /** A pause of some milliseconds before the reply. */
  readonly delay: number;
  /** A pause longer than keyfan's request timeout. */
  readonly stall: number;
  /** The reply comes in two pieces. */
  readonly dribble: number;
  /** An error in answer to a large request of which only the beginning was read. */
  readonly early: number;
  /** Behind the reply another one that nobody asked for. Only where the client sends one request at a time: else it could not be told from an answer. */
  readonly unsolicited: number;
  /** Bytes that are no reply, in the place of one. */
  readonly garbage: number;
}

export interface NodeOptions {
  /** Unique among the nodes of a run: stands in the tags. */
  readonly id: number;
  readonly rates: FaultRates;
  readonly random: Random;
  readonly tally: Tally;
  readonly seen: SeenRequests;
  /** DEL comes to every node of a random pool. */
  readonly broadcasts: boolean;
  /** How long a stall lasts at least, in ms: longer than keyfan waits. */
  readonly stallMs: number;
}

const LARGE = 30 * 1024;
/** With so much unsent a node takes no further request. */
const UNSENT_MAX = 1024 * 1024;
/** A client that there is not. */
const STRANGER = 0xffffff;
const PONG = '+PONG\r\n';
const NAMES: ReadonlyMap<string, Kind> = new Map([
  ['GET', Kind.GET],
  ['SET', Kind.SET],
  ['MGET', Kind.MGET],
  ['MSET', Kind.MSET],
  ['DEL', Kind.DEL],
  ['EXISTS', Kind.EXISTS],
]);

/** The requests that nodes have read, as far as memory serves: none may come twice. */
export class SeenRequests {
  readonly #ids = new Float64Array(1 << 20);

  /** False where it was there before. */
  add({ client, seq, key }: Identity): boolean {
    const id = idOf(client, seq, key);
    const place = mix(client, seq, key) & (this.#ids.length - 1);
    if (this.#ids[place] === id) return false;
    this.#ids[place] = id;
    return true;
  }

  has(client: number, seq: number, key: number): boolean {
    return this.#ids[mix(client, seq, key) & (this.#ids.length - 1)] === idOf(client, seq, key);
  }
}

const idOf = (client: number, seq: number, key: number): number => (client * 0x40_0000 + (seq & 0x3f_ffff)) * 0x400 + (key & 0x3ff) + 1;

/** A node that answers each request with a reply that names it, and does what no real node does on demand. */
export class ScriptedNode {
  readonly options: NodeOptions;
  readonly connections = new Set<NodeConnection>();
  port = 0;
  /** Counts the requests that were read. */
  ordinal = 0;
  #server: Server;
  #down = false;
  #upTimer: NodeJS.Timeout | undefined;

  constructor(options: NodeOptions) {
    this.options = options;
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port: 0, host: '127.0.0.1' }, () => {
        this.port = (this.#server.address() as { port: number }).port;
        resolve();
      });
    });
  }

  #accept(socket: Socket): void {
    socket.on('error', () => {});
    if (this.#down) socket.resetAndDestroy();
    else this.connections.add(new NodeConnection(socket, this));
  }

  /** RST to all connections, those of the next `downMs` included. */
  kill(downMs: number): void {
    this.options.tally.counts.nodeKills++;
    this.#down = true;
    for (const connection of this.connections) connection.reset();
    clearTimeout(this.#upTimer);
    this.#upTimer = setTimeout(() => this.heal(), downMs);
  }

  heal(): void {
    clearTimeout(this.#upTimer);
    this.#down = false;
    for (const connection of this.connections) connection.release();
  }

  stop(): void {
    this.heal();
    for (const connection of this.connections) connection.reset();
    this.#server.close();
  }
}

const writer = new Writer();

/** One connection from keyfan. */
class NodeConnection {
  readonly #socket: Socket;
  readonly #node: ScriptedNode;
  readonly #options: NodeOptions;
  readonly #inbox = new Inbox();
  readonly #reader = new RequestReader();
  readonly #replies: ReplyWriter;
  readonly #id: Identity = { client: 0, seq: 0, key: 0 };
  readonly #keys: number[] = [];
  /** Answers nothing for now. */
  #held = false;
  /** Half a reply was sent: nothing may follow but RST. */
  #doomed = false;
  #holdTimer: NodeJS.Timeout | undefined;
  #answeredEarly = false;
  /** Something was sent that keyfan must answer by closing. */
  #spoilt = false;
  /** What is to be sent behind a pause. */
  #rest: Buffer | null = null;
  #needed = 0;

  constructor(socket: Socket, node: ScriptedNode) {
    this.#socket = socket;
    this.#node = node;
    this.#options = node.options;
    this.#replies = new ReplyWriter(writer, node.options.id);
    socket.on('data', (chunk: Buffer) => {
      this.#inbox.push(chunk);
      if (this.#inbox.end - this.#inbox.start >= this.#needed) this.#serve();
    });
    socket.on('drain', () => this.#serve());
    socket.on('close', () => {
      clearTimeout(this.#holdTimer);
      node.connections.delete(this);
    });
  }

  get spoilt(): boolean {
    return this.#spoilt;
  }

  reset(): void {
    this.#socket.resetAndDestroy();
    this.#inbox.clear();
  }

  /** Ends a pause. */
  release(): void {
    if (!this.#held) return;
    clearTimeout(this.#holdTimer);
    this.#held = false;
    if (this.#doomed) {
      this.reset();
      return;
    }
    if (this.#rest !== null) this.#socket.write(this.#rest);
    this.#rest = null;
    this.#socket.resume();
    this.#serve();
  }

  #hold(ms: number): void {
    this.#held = true;
    this.#socket.pause();
    this.#holdTimer = setTimeout(() => this.release(), ms);
  }

  #serve(): void {
    const inbox = this.#inbox;
    while (!this.#held && inbox.start < inbox.end && !this.#socket.destroyed && this.#socket.writableLength < UNSENT_MAX) {
      const end = this.#reader.read(inbox.buf, inbox.start, inbox.end);
      if (end === 0) {
        this.#needed = this.#reader.needed;
        this.#maybeEarly();
        break;
      }
      this.#needed = 0;
      if (end < 0) {
        this.#options.tally.crossing(
          `node ${this.#options.id} was sent bytes that are no request: ${inbox.buf.toString('latin1', inbox.start, inbox.start + 60)}`,
        );
        this.reset();
        break;
      }
      this.#answer(inbox.buf);
      inbox.start = end;
    }
    if (!this.#held) this.#flush();
  }

  #flush(): void {
    if (writer.at > 0) this.#socket.write(writer.take());
  }

  /** The request in `buf` is whole: checks it, writes the reply, and casts the dice. */
  #answer(buf: Buffer): void {
    const { args } = this.#reader;
    const name = buf.toString('latin1', args[0], args[1]);
    if (name === 'PING') {
      writer.text(PONG);
      return;
    }
    const kind = NAMES.get(name);
    if (kind === undefined || !this.#understands(buf, kind)) {
      this.#options.tally.crossing(`node ${this.#options.id} was sent a request that no client sent: ${name}`);
      this.reset();
      return;
    }
    const start = writer.at;
    if (this.#answeredEarly) this.#answeredEarly = false;
    else this.#reply(kind);
    if (writer.at > start) this.#maybeFault(start);
  }

  /** Reads the keys; false where some byte of the request is not as its client made it. */
  #understands(buf: Buffer, kind: Kind): boolean {
    const { args, argc } = this.#reader;
    const step = kind === Kind.SET || kind === Kind.MSET ? 2 : 1;
    const keys = this.#keys;
    const id = this.#id;
    keys.length = 0;
    for (let arg = 1; arg + step <= argc; arg += step) {
      const { client, seq } = id;
      if (!readKey(buf, args[2 * arg] as number, args[2 * arg + 1] as number, kind, id)) return false;
      if (arg > 1 && (id.client !== client || id.seq !== seq)) return false;
      keys.push(id.key);
      if (step === 2 && !isValue(buf, args[2 * arg + 2] as number, args[2 * arg + 3] as number, id, hashOf(id.client, id.seq, id.key)))
        return false;
    }
    id.key = keys[0] as number;
    this.#node.ordinal++;
    if (!(this.#options.broadcasts && kind === Kind.DEL) && !this.#options.seen.add(id)) {
      this.#options.tally.crossing(`node ${this.#options.id} got a request twice: client ${id.client}, request ${id.seq}, key ${id.key}`);
    }
    return argc === 1 + keys.length * step;
  }

  #reply(kind: Kind): void {
    const replies = this.#replies;
    const id = this.#id;
    replies.tags.length = 0;
    replies.ordinal = this.#node.ordinal;
    const hash = hashOf(id.client, id.seq, id.key);
    if (kind <= Kind.SET) replies.single(id);
    else if (refuses(hash)) replies.error(id, hash);
    else if (kind === Kind.MGET) replies.many(id, this.#keys);
    else if (kind === Kind.MSET) replies.status(id);
    else replies.count(id, this.#keys.length);
  }

  #hits(rate: number): boolean {
    return rate > 0 && this.#options.random.once(rate);
  }

  /** The reply in `writer` from `start` on may be late, in pieces, cut off, or followed by another. */
  #maybeFault(start: number): void {
    const { rates, random, tally, stallMs } = this.#options;
    const size = writer.at - start;
    if (this.#hits(size >= LARGE ? rates.cutLarge : rates.cut)) {
      tally.counts.cutReplies++;
      this.#sendUpTo(start + random.below(size));
      this.#rest = null;
      this.#doomed = true;
      this.#hold(random.below(4));
    } else if (this.#hits(rates.dribble) || (size >= LARGE && random.once(8))) {
      this.#sendUpTo(start + random.below(size));
      this.#hold(random.below(3));
    } else if (this.#hits(rates.delay)) {
      this.#sendUpTo(start);
      this.#hold(random.between(1, 25));
    } else if (this.#hits(rates.stall)) {
      tally.counts.nodePauses++;
      this.#sendUpTo(start + random.below(size));
      this.#hold(stallMs + random.below(stallMs));
    } else if (this.#hits(rates.unsolicited)) {
      this.#unsolicited();
    } else if (this.#hits(rates.garbage)) {
      tally.counts.garbage++;
      writer.at = start;
      writer.text(random.pick(['?what\r\n', '$5\r\nabcdefg\r\n', '*x\r\n', '+OK\rno\r\n', '\r\n', '$-7\r\n']));
      this.#spoilt = true;
    }
  }

  /** Sends what was written up to `cut`; the rest waits for `release`. */
  #sendUpTo(cut: number): void {
    const bytes = writer.take();
    if (cut > 0) this.#socket.write(bytes.subarray(0, cut));
    this.#rest = bytes.subarray(cut);
  }

  #unsolicited(): void {
    const { random, tally } = this.#options;
    tally.counts.unsolicited++;
    this.#spoilt = true;
    const late = random.once(2);
    if (late) this.#sendUpTo(writer.at);
    this.#replies.single(random.once(4) ? this.#id : { client: STRANGER, seq: random.next(), key: 0 });
    if (!late) return;
    this.#rest = writer.take();
    this.#hold(random.below(30));
  }

  /** Of a large request its beginning is there: its answer may be, too. */
  #maybeEarly(): void {
    const reader = this.#reader;
    if (this.#answeredEarly || reader.ready < 2 || reader.needed < LARGE || !this.#hits(this.#options.rates.early)) return;
    const { args } = reader;
    const { buf } = this.#inbox;
    if (buf.toString('latin1', args[0], args[1]) !== 'SET') return;
    if (!readKey(buf, args[2] as number, args[3] as number, Kind.SET, this.#id)) return;
    this.#options.tally.counts.earlyErrors++;
    this.#answeredEarly = true;
    this.#replies.ordinal = ++this.#node.ordinal;
    this.#replies.early(this.#id);
    this.#flush();
  }
}
