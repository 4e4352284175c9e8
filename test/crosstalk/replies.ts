import type { Writer } from './bytes.ts';
import { again, hashOf, type Identity, Kind, sizeOf, TAG_SIZE, writeTag } from './identity.ts';
import { writePattern } from './pattern.ts';

/** Where in a reply tags stand whose node and ordinal only the node knows. */
export type TagList = number[];

/** Depth of the deepest nested array. */
const DEEP = 20;

/**
 * Writes replies. The node uses it to answer, the client to know beforehand what the answer has to be: all of it but node
 * and ordinal in the tags.
 */
export class ReplyWriter {
  readonly tags: TagList = [];
  readonly #out: Writer;
  readonly #node: number;
  ordinal = 0;

  constructor(out: Writer, node: number) {
    this.#out = out;
    this.#node = node;
  }

  /** Reply to a request for one key, of any type there is in RESP2. */
  single(id: Identity): void {
    const hash = hashOf(id.client, id.seq, id.key);
    const dice = again(hash, 10) % 1000;
    const out = this.#out;
    if (dice < 20) this.error(id, hash);
    else if (dice < 60) out.text('$-1\r\n');
    else if (dice < 70) out.text('*-1\r\n');
    else if (dice < 75) out.text('*0\r\n');
    else if (dice < 115) this.#integer(id);
    else if (dice < 250) this.#simple(id);
    else if (dice < 290) this.#array(id, hash);
    else if (dice < 310) this.#nested(id, hash);
    else this.#bulk(id, hash);
  }

  /** Reply to MGET's part with these keys. */
  many(id: Identity, keys: readonly number[]): void {
    this.#out.header('*', keys.length);
    for (const key of keys) this.element({ client: id.client, seq: id.seq, key });
  }

  /** One element of MGET's reply. */
  element(id: Identity): void {
    const hash = hashOf(id.client, id.seq, id.key);
    if (again(hash, 11) % 10 === 0) this.#out.text('$-1\r\n');
    else this.#bulk(id, hash);
  }

  /** Reply to MSET's parts: the same from all nodes, as keyfan asks for that. */
  status({ client, seq }: Identity): void {
    this.#out.text('+M');
    this.#out.hex(client, 6);
    this.#out.hex(seq, 8);
    this.#out.crlf();
  }

  /** Reply to DEL or EXISTS of so many keys: each counts for as much, and the sum still tells whose it is. */
  count({ client, seq }: Identity, keys: number): void {
    this.#out.header(':', keys * ((client & 0xfff) * 0x10_0000 + (seq & 0xf_ffff) + 1));
  }

  error(id: Identity, hash: number): void {
    const shapes = ['-ERR said no ', '-LOADING ', '-foo', '-OOM command not allowed '];
    this.#out.text(shapes[hash % shapes.length] as string);
    this.#tag(id);
    this.#out.crlf();
  }

  /** A node's refusal of a request that it has not read to its end. */
  early(id: Identity): void {
    this.#out.text(`-${EARLY} `);
    this.#tag(id);
    this.#out.crlf();
  }

  #simple(id: Identity): void {
    this.#out.text('+');
    this.#tag(id);
    this.#out.crlf();
  }

  #integer({ client, seq }: Identity): void {
    this.#out.header(':', client * 0x1_0000_0000 + seq);
  }

  /** The tag, then pattern; of a short one only the beginning. */
  #bulk(id: Identity, hash: number): void {
    const out = this.#out;
    const size = sizeOf(again(hash, 12), id.client);
    out.header('$', size);
    out.room(size + TAG_SIZE + 2);
    const start = out.at;
    if (size >= TAG_SIZE) {
      this.#tag(id);
      writePattern(out.buf, out.at, again(hash, 13), size - TAG_SIZE);
    } else {
      writeTag(out, id, 0, 0);
    }
    out.at = start + size;
    out.crlf();
  }

  #tag(id: Identity): void {
    this.tags.push(this.#out.at);
    writeTag(this.#out, id, this.#node, this.ordinal);
  }

  #array(id: Identity, hash: number): void {
    const size = 1 + (hash % 5);
    this.#out.header('*', size);
    this.#bulk(id, hash);
    for (let i = 1; i < size; i++) this.#small(id, hash + i);
  }

  /** The array goes down to some depth; behind each inner one something follows. */
  #nested(id: Identity, hash: number): void {
    const depth = hash % 8 === 0 ? DEEP : 2 + (hash % 4);
    for (let i = 0; i < depth; i++) this.#out.header('*', 2);
    this.#small(id, hash);
    for (let i = 0; i < depth; i++) this.#small(id, hash + i);
  }

  #small(id: Identity, hash: number): void {
    const shapes = [
      () => this.#simple(id),
      () => this.#integer(id),
      () => this.#out.text('$-1\r\n'),
      () => this.#out.text('*0\r\n'),
      () => this.#out.text('$0\r\n\r\n'),
    ];
    (shapes[hash % shapes.length] as () => void)();
  }
}

/** Marks errors that a node may give at will to a request in which it has not read everything. */
export const EARLY = 'ERR early';

/** True where a node refuses a fragment of several keys of which this is the hash of the first. */
export const refuses = (hash: number): boolean => again(hash, 14) % 60 === 0;

/** Kinds with several keys. */
export const isMulti = (kind: Kind): boolean => kind >= Kind.MGET && kind <= Kind.EXISTS;
