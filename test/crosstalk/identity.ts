import { readHex, type Writer } from './bytes.ts';
import { mix } from './mix.ts';
import { isPattern, logSize, writePattern } from './pattern.ts';

/**
 * Who asks: number of the client's connection, number of its request, number of the key in the request. Key, value, kind and
 * size of the reply follow from these three, so that node and client agree without ever talking to each other.
 */
export interface Identity {
  client: number;
  seq: number;
  key: number;
}

/** What a request is; its number stands in the key. */
export const Kind = {
  GET: 0,
  SET: 1,
  MGET: 2,
  MSET: 3,
  DEL: 4,
  EXISTS: 5,
  ECHO: 6,
  PING: 7,
  ARITY: 8,
  MULTI: 9,
  QUEUED: 10,
  EXEC: 11,
  BLOCK: 12,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

export const hashOf = (client: number, seq: number, key: number): number => mix(client, seq, key);
/** A hash for another purpose. */
export const again = (hash: number, purpose: number): number => mix(hash, purpose, 77);

const KIB = 1024;
/** One in so many is a giant. */
const GIANT_ONE_IN = 150_000;

/** One client in so many asks for large things most of the time, and reads them slowly. */
const HEAVY_ONE_IN = 32;
export const isHeavy = (client: number): boolean => client % HEAVY_ONE_IN === 7;

/** Sizes of values of a client, but for a heavy one heavily weighted to small. */
export function sizeOf(hash: number, client: number): number {
  if (isHeavy(client) && again(hash, 6) % 2 === 0) return logSize(again(hash, 7), 2 * KIB, 1024 * KIB);
  if (again(hash, 1) % GIANT_ONE_IN === 0) return 4096 * KIB + (hash % (5120 * KIB));
  const dice = hash % 10_000;
  const shade = again(hash, 2);
  if (dice < 600) return 0;
  if (dice < 8600) return 1 + (shade % 64);
  if (dice < 9700) return 64 + (shade % 1984);
  if (dice < 9960) return logSize(shade, 2 * KIB, 30 * KIB);
  return logSize(shade, 30 * KIB, 1024 * KIB);
}

const valueSize = (hash: number, client: number): number => sizeOf(again(hash, 3), client);

/**
 *   key    c c c c │ s s s s │ k k │ kind │ padding        big-endian; any byte may stand in it
 */
const KEY_HEAD = 11;

function paddingSize(hash: number): number {
  const dice = again(hash, 4);
  if (dice % 64 > 0) return dice % 13;
  return dice % 2500;
}

export const keySize = (hash: number): number => KEY_HEAD + paddingSize(hash);

/** `$11 │ key │`, as an argument. */
export function writeKey(out: Writer, { client, seq, key }: Identity, kind: Kind, hash: number): void {
  const size = keySize(hash);
  out.header('$', size);
  out.room(size + 2);
  const { buf, at } = out;
  buf.writeUInt32BE(client, at);
  buf.writeUInt32BE(seq, at + 4);
  buf.writeUInt16BE(key, at + 8);
  buf[at + 10] = kind;
  writePattern(buf, at + KEY_HEAD, hash, size - KEY_HEAD);
  out.at += size;
  out.crlf();
}

/** `$5 │ value │`, as an argument. */
export function writeValue(out: Writer, { client }: Identity, hash: number): void {
  const size = valueSize(hash, client);
  out.header('$', size);
  out.room(size + 2);
  writePattern(out.buf, out.at, again(hash, 5), size);
  out.at += size;
  out.crlf();
}

/** Reads a key; false where it is not one that a client has made. */
export function readKey(buf: Buffer, start: number, end: number, kind: Kind, into: Identity): boolean {
  if (end - start < KEY_HEAD || buf[start + 10] !== kind) return false;
  into.client = buf.readUInt32BE(start);
  into.seq = buf.readUInt32BE(start + 4);
  into.key = buf.readUInt16BE(start + 8);
  const hash = hashOf(into.client, into.seq, into.key);
  return end - start === keySize(hash) && isPattern(buf, start + KEY_HEAD, end, hash);
}

export function isValue(buf: Buffer, start: number, end: number, { client }: Identity, hash: number): boolean {
  return end - start === valueSize(hash, client) && isPattern(buf, start, end, again(hash, 5));
}

/**
 *   tag   ~ cccccc ssssssss kkk │ nn oooooooo         hex; node and ordinal: which request of that node it was
 */
export const TAG_SIZE = 28;
/** Bytes of a tag before what only the node knows. */
export const TAG_KNOWN = 18;
export const MARK = '~';
const MARK_BYTE = MARK.charCodeAt(0);

export function writeTag(out: Writer, { client, seq, key }: Identity, node: number, ordinal: number): void {
  out.text(MARK);
  out.hex(client, 6);
  out.hex(seq, 8);
  out.hex(key, 3);
  out.hex(node, 2);
  out.hex(ordinal, 8);
}

export const tagNode = (buf: Buffer, at: number): number => readHex(buf, at + TAG_KNOWN, 2);
export const tagOrdinal = (buf: Buffer, at: number): number => readHex(buf, at + TAG_KNOWN + 2, 8);

/** Where a tag begins in `buf[from, to)`, or -1. */
export function findTag(buf: Buffer, from: number, to: number): number {
  for (let at = buf.indexOf(MARK_BYTE, from); at >= 0 && at + TAG_KNOWN <= to; at = buf.indexOf(MARK_BYTE, at + 1)) {
    if (readHex(buf, at + 1, 17) >= 0) return at;
  }
  return -1;
}

export function readTag(buf: Buffer, at: number): Identity {
  return { client: readHex(buf, at + 1, 6), seq: readHex(buf, at + 7, 8), key: readHex(buf, at + 15, 3) };
}

/** Which key stands at a place of a request with several: now and then one that was there before. */
export function keyAt(client: number, seq: number, place: number): number {
  const dice = again(hashOf(client, seq, place), 20);
  return place > 0 && dice % 12 === 0 ? (dice >>> 8) % place : place;
}
