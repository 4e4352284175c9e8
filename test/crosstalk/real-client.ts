import { findCrlf, type Writer } from './bytes.ts';
import { Client } from './client.ts';
import { again, hashOf, isHeavy, Kind } from './identity.ts';
import { isPattern, logSize, writePattern } from './pattern.ts';
import { proxyError, saysNotExecuted } from './tally.ts';

const KEYS = 48;
const KIB = 1024;
const LARGE = 30 * KIB;
const GIANT_ONE_IN = 20_000;
const LINE_MAX = 4096;
const [DASH, DOLLAR, STAR] = [45, 36, 42];
/** What a real node may answer for itself; EXECABORT where it said such a thing to a queued command. */
const NODE_ERRORS = /^-(LOADING|OOM|BUSY|MISCONF|EXECABORT) /;
const SCRIPT = "return redis.call('GET', KEYS[1]) or nil";
/** Replies that are always the same, by kind. */
const EXACT: Readonly<Record<number, string>> = { [Kind.MULTI]: '+OK\r\n', [Kind.QUEUED]: '+QUEUED\r\n', [Kind.BLOCK]: '*-1\r\n' };

/** What became of a version, as far as its writer knows. */
const Fate = { SENT: 0, DONE: 1, UNKNOWN: 2, NOT_DONE: 3 } as const;

/**
 *   key     k<client>:<key>            nobody else's
 *   value   k<client>:<key>#<version>! pattern
 */
interface KeyState {
  readonly name: string;
  /** By version. */
  readonly fates: number[];
  /** The newest version that is known to have been stored. */
  done: number;
}

/** A part of a request: a key, and the version that is written, or the newest that can be read. */
interface Part {
  readonly key: number;
  readonly version: number;
}

/** A client of real nodes, which may forget (they are killed, and their memory is short), but never tell of what was not written there. */
export class RealClient extends Client {
  #keys: KeyState[] = [];
  readonly #parts = new Map<number, readonly Part[]>();

  protected override begin(): void {
    this.#keys = Array.from({ length: KEYS }, (_, key) => ({ name: `k${this.number}:${key}`, fates: [], done: -1 }));
    this.#parts.clear();
  }

  protected override request(out: Writer): void {
    const dice = this.random.below(100);
    if (dice < 34) this.#read(out, Kind.GET, 1);
    else if (dice < 37) this.#read(out, Kind.GET, 1, SCRIPT);
    else if (dice < 39) this.#transaction(out);
    else if (dice < 40) this.#block(out);
    else if (dice < 75) this.#write(out, Kind.SET, 1);
    else if (dice < 88) this.#read(out, Kind.MGET, this.random.between(1, this.heavy ? 5 : 20));
    else if (dice < 97) this.#write(out, Kind.MSET, this.random.between(1, 8));
    else this.#echo(out);
  }

  #echo(out: Writer): void {
    const text = `echo ${this.number} ${this.tail}`;
    out.text(`*2\r\n$4\r\nECHO\r\n$${text.length}\r\n${text}\r\n`);
    this.expect(Kind.ECHO, 0);
  }

  /** A read, alone in its transaction: three requests, three replies. */
  #transaction(out: Writer): void {
    out.text('*1\r\n$5\r\nMULTI\r\n');
    this.expect(Kind.MULTI, 0);
    const key = this.random.below(KEYS);
    const part = { key, version: (this.#keys[key] as KeyState).fates.length - 1 };
    out.text('*2\r\n$3\r\nGET\r\n');
    writeName(out, (this.#keys[key] as KeyState).name);
    this.expect(Kind.QUEUED, 0);
    out.text('*1\r\n$4\r\nEXEC\r\n');
    this.#parts.set(this.tail, [part]);
    this.expect(Kind.EXEC, 1);
  }

  /** Waits for what never comes. */
  #block(out: Writer): void {
    const name = `none${this.number}`;
    out.header('*', 3);
    out.text('$5\r\nBLPOP\r\n');
    writeName(out, name);
    out.text('$5\r\n0.005\r\n');
    this.expect(Kind.BLOCK, 0);
  }

  #read(out: Writer, kind: Kind, count: number, script = ''): void {
    const parts = Array.from({ length: count }, () => {
      const key = this.random.below(KEYS);
      return { key, version: (this.#keys[key] as KeyState).fates.length - 1 };
    });
    if (script === '') {
      out.header('*', 1 + count);
      out.text(kind === Kind.GET ? '$3\r\nGET\r\n' : '$4\r\nMGET\r\n');
    } else {
      out.header('*', 4);
      out.text(`$4\r\nEVAL\r\n$${script.length}\r\n${script}\r\n$1\r\n1\r\n`);
    }
    for (const { key } of parts) writeName(out, (this.#keys[key] as KeyState).name);
    this.#parts.set(this.tail, parts);
    this.expect(kind, count);
  }

  /** A key may stand twice in an MSET: the later one counts. */
  #write(out: Writer, kind: Kind, count: number): void {
    const parts = Array.from({ length: count }, () => {
      const key = this.random.below(KEYS);
      return { key, version: (this.#keys[key] as KeyState).fates.push(Fate.SENT) - 1 };
    });
    out.header('*', 1 + 2 * count);
    out.text(kind === Kind.SET ? '$3\r\nSET\r\n' : '$4\r\nMSET\r\n');
    for (const { key, version } of parts) {
      const { name } = this.#keys[key] as KeyState;
      writeName(out, name);
      this.#writeValue(out, key, `${name}#${version}!`, version);
    }
    this.#parts.set(this.tail, parts);
    this.expect(kind, count);
  }

  #writeValue(out: Writer, key: number, label: string, version: number): void {
    const hash = hashOf(this.number, version, key);
    const size = label.length + fillSize(hash, this.number);
    out.header('$', size);
    out.room(size + 2);
    out.text(label);
    writePattern(out.buf, out.at, hash, size - label.length);
    out.at += size - label.length;
    out.crlf();
  }

  protected override check(): number {
    const { buf, start, end } = this.inbox;
    const kind = this.kinds[this.head & (this.kinds.length - 1)] as Kind;
    const parts = this.#parts.get(this.head) ?? [];
    const next = buf[start] === DASH ? this.#error(kind, parts) : this.#answer(kind, parts);
    if (next < 0) {
      this.crossing(
        `request ${this.head} (kind ${kind}, ${parts.map(({ key }) => this.#keys[key]?.name).join(' ')}) got ${this.inboxText()}`,
      );
      return -1;
    }
    if (next === 0) return end - start > 16 * 1024 * KIB ? -1 : 0;
    this.#parts.delete(this.head);
    if (next - start > LARGE) this.tally.counts.largeChecks++;
    return next - start;
  }

  /** Offset behind the reply; 0 where it is not whole; -1 where it is wrong. */
  #answer(kind: Kind, parts: readonly Part[]): number {
    const { buf, start } = this.inbox;
    let next: number;
    if (kind === Kind.ECHO) next = this.#exactly(`$${echoOf(this.number, this.head).length}\r\n${echoOf(this.number, this.head)}\r\n`);
    else if (kind === Kind.SET || kind === Kind.MSET) next = this.#exactly('+OK\r\n');
    else if (kind in EXACT) next = this.#exactly(EXACT[kind] as string);
    else if (kind === Kind.GET) next = buf[start] === DOLLAR ? this.#value(start, parts[0] as Part) : -1;
    else next = this.#values(parts);
    if (next <= 0) return next;
    this.tally.counts.checks++;
    if (kind === Kind.SET || kind === Kind.MSET) this.#settle(parts, Fate.DONE);
    return next;
  }

  #exactly(text: string): number {
    const { buf, start, end } = this.inbox;
    const there = buf.toString('latin1', start, Math.min(end, start + text.length));
    if (there === text) return start + text.length;
    return text.startsWith(there) ? 0 : -1;
  }

  #values(parts: readonly Part[]): number {
    const { buf, start } = this.inbox;
    if (buf[start] !== STAR) return -1;
    let next = this.#exactly(`*${parts.length}\r\n`);
    for (let i = 0; i < parts.length && next > 0; i++) next = this.#value(next, parts[i] as Part);
    return next;
  }

  /** A bulk at `at`; returns as `#answer`. */
  #value(at: number, part: Part): number {
    const { buf, end } = this.inbox;
    const crlf = findCrlf(buf, at, Math.min(end, at + 16));
    if (crlf < 0) return end - at < 16 ? 0 : -1;
    const size = Number(buf.toString('latin1', at + 1, crlf));
    if (buf[at] !== DOLLAR || !Number.isInteger(size)) return -1;
    if (size < 0) return size === -1 ? crlf + 2 : -1;
    const from = crlf + 2;
    const to = from + size;
    if (to + 2 > end) return this.#beginsWell(from, Math.min(end, to), part) ? 0 : -1;
    return this.#isMine(from, to, part) ? to + 2 : -1;
  }

  #beginsWell(from: number, end: number, { key }: Part): boolean {
    const label = `${(this.#keys[key] as KeyState).name}#`;
    const there = this.inbox.buf.toString('latin1', from, Math.min(end, from + label.length));
    return label.startsWith(there);
  }

  /** A value this client has written to this key, in a version that it can have there. */
  #isMine(from: number, to: number, { key, version: newest }: Part): boolean {
    const { buf } = this.inbox;
    const { name, fates, done } = this.#keys[key] as KeyState;
    const label = /^([^#]*)#(\d+)!/.exec(buf.toString('latin1', from, Math.min(to, from + 40)));
    if (label === null || label[1] !== name) return false;
    const version = Number(label[2]);
    const hash = hashOf(this.number, version, key);
    const start = from + label[0].length;
    if (to - start !== fillSize(hash, this.number) || !isPattern(buf, start, to, hash)) return false;
    if (version > newest) return false;
    if (version >= done) return fates[version] !== Fate.NOT_DONE;
    // An older one may come back where nobody knows when it was stored, if it was.
    return fates[version] === Fate.UNKNOWN;
  }

  #error(kind: Kind, parts: readonly Part[]): number {
    const { buf, start, end } = this.inbox;
    const crlf = findCrlf(buf, start, end);
    if (crlf < 0) return end - start > LINE_MAX ? -1 : 0;
    const line = buf.toString('latin1', start, crlf);
    const own = proxyError(line);
    if (kind === Kind.ECHO || own === 'bad_reply' || (own === undefined && !NODE_ERRORS.test(line))) return -1;
    if (own === 'partly_executed' && kind !== Kind.MSET) return -1;
    if (own === undefined) {
      this.tally.counts.checks++;
      this.tally.counts.nodeErrors++;
    } else {
      this.tally.errors[own]++;
    }
    const refused = own === undefined ? kind === Kind.SET : saysNotExecuted(line) && own !== 'partly_executed';
    if (kind === Kind.SET || kind === Kind.MSET) this.#settle(parts, refused ? Fate.NOT_DONE : Fate.UNKNOWN);
    return crlf + 2;
  }

  #settle(parts: readonly Part[], fate: number): void {
    for (const { key, version } of parts) {
      const state = this.#keys[key] as KeyState;
      state.fates[version] = fate;
      if (fate === Fate.DONE && version > state.done) state.done = version;
    }
  }

  protected override endsWell(): boolean {
    if (this.inbox.start === this.inbox.end) return true;
    return this.head !== this.tail && this.check() >= 0;
  }
}

const echoOf = (client: number, seq: number): string => `echo ${client} ${seq}`;

function fillSize(hash: number, client: number): number {
  const dice = again(hash, 30);
  const shade = again(hash, 31);
  if (shade % GIANT_ONE_IN === 0) return 9 * KIB * KIB;
  if (isHeavy(client) && dice % 3 === 0) return logSize(shade, 30 * KIB, 1024 * KIB);
  if (dice % 100 < 85) return dice % 200;
  if (dice % 500 > 0) return logSize(shade, 200, 30 * KIB);
  return logSize(shade, 30 * KIB, 1024 * KIB);
}

function writeName(out: Writer, name: string): void {
  out.header('$', name.length);
  out.text(name);
  out.crlf();
}
