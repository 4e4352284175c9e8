import { READ } from '../../src/kernel/memory.ts';
import { Scan } from '../../src/protocol/bytes.ts';
import { ReplyScanner } from '../../src/protocol/reply-scanner.ts';
import { argText } from '../../src/protocol/request.ts';
import { RequestScanner } from '../../src/protocol/request-scanner.ts';
import { encode, excerpt, parseReply } from '../support/resp.ts';
import type { Reading, ReferenceLimits } from './reference.ts';
import { DEFAULT_LIMITS } from './reference.ts';

export interface DriveOptions {
  readonly limits?: ReferenceLimits;
  /** Call the scanner only once as many bytes are there as it said it needs, as sessions and connections do. */
  readonly gated?: boolean;
  /** Offset of the unused bytes in the n-th buffer that is scanned. */
  readonly base?: (turn: number) => number;
  /** Pass unfinished replies on in parts. */
  readonly parts?: boolean;
}

/** What stands around the bytes that a scanner may look at: it must not matter. */
const JUNK = '*2\r\n$1\r\n\r\n';

/** Where a scanner finds bytes: the kernel takes part in the first of them only, and it must not matter. */
type Where = 'what sockets read into' | 'elsewhere';

/** Places `bytes` at `base`, junk on both sides, where they fit in what sockets read into, else in a new buffer. */
function place(where: Where, bytes: Buffer, base: number): Buffer {
  const size = base + bytes.length + JUNK.length;
  const buf = where === 'elsewhere' || size > READ.length ? Buffer.alloc(size) : READ;
  buf.fill(JUNK, 0, size);
  bytes.copy(buf, base);
  return buf;
}

/** What both places say; throws where they differ. */
function inBoth<T>(drive: (where: Where) => T): T {
  const [here, there] = [drive('what sockets read into'), drive('elsewhere')];
  if (JSON.stringify(here) !== JSON.stringify(there))
    throw new Error(`${excerpt(Buffer.from(JSON.stringify(here)))} is not ${excerpt(Buffer.from(JSON.stringify(there)))}`);
  return there;
}

export const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Cuts `bytes` at the given offsets (any order, duplicates allowed). */
export function cut(bytes: Buffer, offsets: readonly number[]): Buffer[] {
  const sorted = [0, ...[...offsets].sort((a, b) => a - b), bytes.length];
  const chunks: Buffer[] = [];
  for (let i = 1; i < sorted.length; i++) chunks.push(bytes.subarray(sorted[i - 1], sorted[i]));
  return chunks;
}

export const byteByByte = (bytes: Buffer): Buffer[] => Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));

/** Byte by byte, or in a thousand pieces where there are more bytes: driving costs the square of the pieces. */
export function crumbs(bytes: Buffer): Buffer[] {
  const size = Math.ceil(bytes.length / 1000);
  return Array.from({ length: Math.ceil(bytes.length / size) || 0 }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

/** Reads a stream of requests that comes in `chunks`; every frame's view is checked against redis-parser. */
export function driveRequests(chunks: readonly Buffer[], options: DriveOptions = {}): Reading {
  return inBoth((where) => driveRequestsIn(where, chunks, options));
}

function driveRequestsIn(where: Where, chunks: readonly Buffer[], options: DriveOptions): Reading {
  const { limits = DEFAULT_LIMITS, gated = false, base = () => 0 } = options;
  const scanner = new RequestScanner({ bulkMax: limits.bulkMax });
  scanner.authenticated = limits.authenticated;
  const commands: string[][] = [];
  let unused: Buffer = Buffer.alloc(0);
  let waiting = false;
  for (const [turn, chunk] of chunks.entries()) {
    unused = Buffer.concat([unused, chunk]);
    if (gated && waiting && unused.length < scanner.needed) continue;
    const from = base(turn);
    const src = place(where, unused, from);
    const to = from + unused.length;
    scanner.begin();
    let at = from;
    waiting = false;
    while (at < to) {
      const verdict = scanner.scan(src, at, to);
      if (verdict === Scan.ERROR) return { commands, error: scanner.error };
      if (scanner.next < at || scanner.next > to) throw new Error(`next is ${scanner.next}, outside ${at}…${to}`);
      at = scanner.next;
      if (verdict === Scan.MORE) {
        if (at < to && scanner.needed <= to - at) throw new Error(`needs ${scanner.needed} bytes, has ${to - at}`);
        waiting = at < to;
        break;
      }
      commands.push(wordsOf(scanner));
    }
    unused = Buffer.from(src.subarray(at, to));
  }
  return { commands, error: null };
}

/** The arguments that the view shows; throws where the bytes of its frame say something else. */
export function wordsOf(view: RequestScanner): string[] {
  const words = Array.from({ length: view.argc }, (_, i) => argText(view, i));
  const frame = view.buf.subarray(view.base, view.limit);
  if (!frame.equals(encode(words.map(latin1)))) throw new Error(`the frame ${excerpt(frame)} is not ${JSON.stringify(words)}`);
  const parsed = parseReply(frame, true) as Buffer[];
  if (parsed.map((word) => word.toString('latin1')).join('\n') !== words.join('\n')) throw new Error(`redis-parser reads ${parsed}`);
  return words;
}

export interface Replies {
  /** Bytes of each whole reply. */
  readonly frames: readonly string[];
  readonly error: string | null;
}

/** Finds the replies in a stream that comes in `chunks`. */
export function driveReplies(chunks: readonly Buffer[], options: DriveOptions = {}): Replies {
  return inBoth((where) => driveRepliesIn(where, chunks, options));
}

function driveRepliesIn(where: Where, chunks: readonly Buffer[], options: DriveOptions): Replies {
  const { gated = false, base = () => 0, parts = false } = options;
  const scanner = new ReplyScanner();
  const frames: string[] = [];
  let passed = '';
  let unused: Buffer = Buffer.alloc(0);
  let waiting = false;
  for (const [turn, chunk] of chunks.entries()) {
    unused = Buffer.concat([unused, chunk]);
    if (gated && waiting && unused.length < scanner.needed) continue;
    const from = base(turn);
    const src = place(where, unused, from);
    const to = from + unused.length;
    let at = from;
    waiting = false;
    while (at < to) {
      const verdict = scanner.scan(src, at, to);
      if (verdict === Scan.ERROR) return { frames, error: scanner.error };
      if (verdict === Scan.MORE) {
        if (parts) {
          const end = scanner.cut(src, at, to);
          passed += src.toString('latin1', at, end);
          at = end;
        }
        if (scanner.needed <= to - at) throw new Error(`needs ${scanner.needed} bytes, has ${to - at}`);
        waiting = true;
        break;
      }
      if (scanner.next <= at || scanner.next > to) throw new Error(`next is ${scanner.next}, outside ${at}…${to}`);
      frames.push(passed + src.toString('latin1', at, scanner.next));
      passed = '';
      at = scanner.next;
    }
    unused = Buffer.from(src.subarray(at, to));
  }
  return { frames, error: null };
}
