import type { Random } from '../support/random.ts';
import { findCrlf, Writer } from './bytes.ts';
import { Client, type ClientOptions } from './client.ts';
import {
  findTag,
  hashOf,
  type Identity,
  Kind,
  keyAt,
  readTag,
  TAG_KNOWN,
  TAG_SIZE,
  tagNode,
  tagOrdinal,
  writeKey,
  writeValue,
} from './identity.ts';
import { EARLY, isMulti, ReplyWriter, refuses } from './replies.ts';
import type { SeenRequests } from './scripted-node.ts';
import { proxyError, saysNotExecuted } from './tally.ts';

export interface ScriptedClientOptions extends ClientOptions {
  readonly seen: SeenRequests;
  /** Names a request's kind by dice of 0 to 99. */
  readonly serial: boolean;
}

const NODES_MAX = 256;
const LARGE = 30 * 1024;
const DASH = 45;
/** No line is longer, whatever it quotes. */
const LINE_MAX = 4096;
const ARITY_TEXT = "-ERR wrong number of arguments for 'get' command";
const WRITES: ReadonlySet<number> = new Set([Kind.SET, Kind.MSET, Kind.DEL]);
const NAMES: readonly string[] = ['GET', 'SET', 'MGET', 'MSET', 'DEL', 'EXISTS'];
/** Consumed without a reply by Redis, and by keyfan. */
const NO_REQUESTS = ['*0\r\n', '*-3\r\n', '\r\n'] as const;

/** The kind of a request, by dice of 0 to 99. */
const KINDS = [
  [45, Kind.GET],
  [70, Kind.SET],
  [81, Kind.MGET],
  [87, Kind.MSET],
  [91, Kind.DEL],
  [94, Kind.EXISTS],
  [97, Kind.ECHO],
  [99, Kind.PING],
  [100, Kind.ARITY],
] as const;

const expected = new Writer();

/** Knows every byte of each reply beforehand but what tells how the node counted; see replies.ts. */
export class ScriptedClient extends Client {
  readonly #seen: SeenRequests;
  readonly #replies = new ReplyWriter(expected, 0);
  readonly #id: Identity = { client: 0, seq: 0, key: 0 };
  /** By node: the ordinal that was heard last, and for which request. */
  readonly #ordinals = new Float64Array(NODES_MAX);
  readonly #heardBy = new Float64Array(NODES_MAX);
  /** Bytes that the reply at the head needs at least. */
  #needed = 0;

  constructor(options: ScriptedClientOptions) {
    super(options);
    this.#seen = options.seen;
  }

  protected override begin(): void {
    this.#ordinals.fill(-1);
    this.#heardBy.fill(-1);
    this.#needed = 0;
  }

  protected override request(out: Writer): void {
    const { random } = this;
    if (random.once(50)) out.text(random.pick(NO_REQUESTS));
    const dice = random.below(100);
    const kind = (KINDS.find(([limit]) => dice < limit) as (typeof KINDS)[number])[1];
    const id = this.#id;
    id.client = this.number;
    id.seq = this.tail;
    id.key = 0;
    if (kind >= Kind.ECHO) this.#local(out, kind);
    else if (isMulti(kind)) this.#many(out, kind, this.heavy ? random.between(1, 6) : keyCount(random));
    else this.#one(out, kind);
  }

  #one(out: Writer, kind: Kind): void {
    const id = this.#id;
    const hash = hashOf(id.client, id.seq, 0);
    out.text(kind === Kind.SET ? '*3\r\n$3\r\nSET\r\n' : '*2\r\n$3\r\nGET\r\n');
    writeKey(out, id, kind, hash);
    if (kind === Kind.SET) writeValue(out, id, hash);
    this.expect(kind, 1);
  }

  #many(out: Writer, kind: Kind, count: number): void {
    const id = this.#id;
    const name = NAMES[kind] as string;
    const values = kind === Kind.MSET;
    out.header('*', 1 + count * (values ? 2 : 1));
    out.header('$', name.length);
    out.text(`${name}\r\n`);
    for (let place = 0; place < count; place++) {
      id.key = keyAt(id.client, id.seq, place);
      const hash = hashOf(id.client, id.seq, id.key);
      writeKey(out, id, kind, hash);
      if (values) writeValue(out, id, hash);
    }
    this.expect(kind, count);
  }

  /** What keyfan answers itself. */
  #local(out: Writer, kind: Kind): void {
    if (kind === Kind.ECHO) out.text(`*2\r\n$4\r\nECHO\r\n$${echoText(this.#id).length}\r\n${echoText(this.#id)}\r\n`);
    else if (kind === Kind.PING) out.text(this.random.once(2) ? 'PING\r\n' : '*1\r\n$4\r\nPING\r\n');
    else out.text('*1\r\n$3\r\nGET\r\n');
    this.expect(kind, 0);
  }

  protected override check(): number {
    const { buf, start, end } = this.inbox;
    if (buf[start] === DASH) return this.#checkError();
    if (end - start < this.#needed) return 0;
    this.#compose();
    const { tags } = this.#replies;
    const size = expected.at;
    if (end - start < size) {
      if (!this.#beginsWell()) return this.#wrong();
      this.#needed = size;
      return 0;
    }
    for (const at of tags) {
      if (!this.#heard(start + at)) return -1;
      buf.copy(expected.buf, at + TAG_KNOWN, start + at + TAG_KNOWN, start + at + TAG_SIZE);
    }
    if (buf.compare(expected.buf, 0, size, start, start + size) !== 0) return this.#wrong();
    this.#needed = 0;
    this.tally.counts.checks++;
    if (size > LARGE) this.tally.counts.largeChecks++;
    return size;
  }

  /** Writes to `expected` what the reply at the head has to be. */
  #compose(): void {
    const id = this.#id;
    const place = this.head & (this.kinds.length - 1);
    const kind = this.kinds[place] as Kind;
    const count = this.sizes[place] as number;
    const replies = this.#replies;
    expected.at = 0;
    replies.tags.length = 0;
    id.client = this.number;
    id.seq = this.head;
    id.key = 0;
    if (kind <= Kind.SET) replies.single(id);
    else if (kind === Kind.MGET) this.#composeMany(count);
    else if (kind === Kind.MSET) replies.status(id);
    else if (kind <= Kind.EXISTS) replies.count(id, count);
    else if (kind === Kind.ECHO) expected.text(`$${echoText(id).length}\r\n${echoText(id)}\r\n`);
    else if (kind === Kind.PING) expected.text('+PONG\r\n');
    else expected.text(`${ARITY_TEXT}\r\n`);
  }

  #composeMany(count: number): void {
    const id = this.#id;
    expected.header('*', count);
    for (let place = 0; place < count; place++) {
      id.key = keyAt(id.client, id.seq, place);
      this.#replies.element(id);
    }
    id.key = 0;
  }

  /** True where as much as is there of the reply is as it has to be; looks only at what comes before the first tag's end. */
  #beginsWell(): boolean {
    const { buf, start, end } = this.inbox;
    const first = this.#replies.tags[0];
    const size = Math.min(end - start, expected.at, first === undefined ? expected.at : first + TAG_KNOWN);
    return buf.compare(expected.buf, 0, size, start, start + size) === 0;
  }

  /** Notes which request of the node this was; they come in the order in which they were sent. False after a crossing. */
  #heard(at: number): boolean {
    const { buf } = this.inbox;
    const node = tagNode(buf, at);
    const ordinal = tagOrdinal(buf, at);
    if (node < 0 || ordinal < 0) {
      this.#wrong();
      return false;
    }
    const last = this.#ordinals[node] as number;
    if (ordinal < last || (ordinal === last && this.#heardBy[node] !== this.head)) {
      this.crossing(`request ${this.head} was number ${ordinal} at node ${node}, after number ${last} for request ${this.#heardBy[node]}`);
      return false;
    }
    this.#ordinals[node] = ordinal;
    this.#heardBy[node] = this.head;
    return true;
  }

  /** A reply that is not what it has to be: says whose it is, if it tells. */
  #wrong(): number {
    const { buf, start, end } = this.inbox;
    const at = findTag(buf, start, Math.min(end, start + 200));
    const owner = at < 0 ? 'nobody by name' : JSON.stringify(readTag(buf, at));
    const kind = this.kinds[this.head & (this.kinds.length - 1)];
    this.crossing(`request ${this.head} (kind ${kind}) got a reply of ${owner}: ${this.inboxText()}`);
    return -1;
  }

  #checkError(): number {
    const { buf, start, end } = this.inbox;
    const crlf = findCrlf(buf, start, end);
    if (crlf < 0) return end - start > LINE_MAX ? this.#wrong() : 0;
    const line = buf.toString('latin1', start, crlf);
    const kind = this.kinds[this.head & (this.kinds.length - 1)] as Kind;
    const own = proxyError(line);
    const fine = own === undefined ? this.#mayNodeSay(line, kind, start, crlf) : this.#mayProxySay(own, line, kind, start, crlf);
    if (!fine) return this.#wrong();
    if (own === undefined) this.tally.counts.checks++;
    else this.tally.errors[own]++;
    this.#needed = 0;
    return crlf + 2 - start;
  }

  #mayNodeSay(line: string, kind: Kind, start: number, end: number): boolean {
    if (kind >= Kind.ECHO) return kind === Kind.ARITY && line === ARITY_TEXT;
    this.tally.counts.nodeErrors++;
    const at = findTag(this.inbox.buf, start, end);
    if (at < 0 || !this.#isMine(at) || !this.#heard(at)) return false;
    const { key } = readTag(this.inbox.buf, at);
    if (isMulti(kind)) return refuses(hashOf(this.number, this.head, key));
    if (line.startsWith(`-${EARLY} `)) return kind === Kind.SET;
    this.#compose();
    return expected.buf[0] === DASH && expected.at === end + 2 - start;
  }

  #mayProxySay(own: string, line: string, kind: Kind, start: number, end: number): boolean {
    if (kind >= Kind.ECHO) return false;
    if (own === 'partly_executed') {
      if (kind !== Kind.MSET && kind !== Kind.DEL) return false;
      const at = findTag(this.inbox.buf, start, end);
      return at < 0 || this.#isMine(at);
    }
    // A node that never answers wrongly cannot have sent a malformed reply.
    if (own === 'bad_reply' && !(this.options as ScriptedClientOptions).serial) return false;
    if (!saysNotExecuted(line) || !WRITES.has(kind) || !this.#seen.has(this.number, this.head, 0)) return true;
    this.crossing(`request ${this.head} was executed, yet was answered ${line}`);
    return true;
  }

  #isMine(tag: number): boolean {
    const { client, seq, key } = readTag(this.inbox.buf, tag);
    const count = this.sizes[this.head & (this.sizes.length - 1)] as number;
    return client === this.number && seq === this.head && key < count;
  }

  protected override endsWell(): boolean {
    if (this.inbox.start === this.inbox.end || this.head === this.tail) return this.inbox.start === this.inbox.end;
    if (this.inbox.buf[this.inbox.start] === DASH) return true;
    this.#compose();
    return this.#beginsWell();
  }
}

const echoText = ({ client, seq }: Identity): string => `echo ${client} ${seq}`;

function keyCount(random: Random): number {
  const dice = random.below(100);
  if (dice < 70) return random.between(1, 6);
  if (dice < 97) return random.between(6, 30);
  return random.between(30, 200);
}
