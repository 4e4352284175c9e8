import t from 'tap';
import { Scan } from '../../../src/protocol/bytes.ts';
import { ReplyScanner } from '../../../src/protocol/reply-scanner.ts';
import { LARGE_CHUNK, takeChunk } from '../../../src/util/chunk-pool.ts';
import { Intake, type IntakeOwner } from '../../../src/util/intake.ts';
import { READ_BUFFER } from '../../../src/util/read-buffer.ts';

const FRAMES = [
  '-foo\r\n',
  '+\r\n',
  '$-1\r\n',
  `${'*1\r\n'.repeat(100)}:1\r\n`,
  '$13\r\n\r\n-ERR\r\n+OK\r\n\r\n',
  ':9223372036854775807\r\n',
  '$3\r\nabc\r\n',
  `$100\r\n${'x'.repeat(100)}\r\n`,
  `$700\r\n${'y'.repeat(700)}\r\n`,
  `*3\r\n$5000\r\n${'z'.repeat(5000)}\r\n:1\r\n$0\r\n\r\n`,
];

/** Takes whole frames only. */
class Frames implements IntakeOwner {
  readonly scanner = new ReplyScanner();
  readonly found: string[] = [];

  get needed(): number {
    return this.scanner.needed;
  }

  process(buf: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && this.scanner.scan(buf, at, to) === Scan.FRAME) {
      this.found.push(buf.toString('latin1', at, this.scanner.next));
      at = this.scanner.next;
    }
    return at;
  }
}

/** Feeds `bytes` in reads whose sizes `next` gives. */
function feed(bytes: Buffer, next: () => number): Frames {
  const frames = new Frames();
  const intake = new Intake(frames);
  for (let at = 0; at < bytes.length; ) {
    const size = Math.min(bytes.length - at, next());
    bytes.copy(READ_BUFFER, 0, at, at + size);
    intake.accept(READ_BUFFER, size);
    // What is kept must not lie in the buffer that the next read overwrites.
    READ_BUFFER.fill(0xff, 0, size);
    at += size;
  }
  if (intake.carry.length > 0) throw new Error(`${intake.carry.length} bytes are left`);
  return frames;
}

t.test('frames cut at every offset, and in reads of every small size', async (t) => {
  const bytes = Buffer.from(FRAMES.join(''));
  for (let cut = 1; cut < bytes.length; cut++) {
    let first = true;
    const { found } = feed(bytes, () => {
      const size = first ? cut : bytes.length;
      first = false;
      return size;
    });
    if (found.join('|') !== FRAMES.join('|')) t.fail(`cut at ${cut}`);
  }
  for (let size = 1; size < 300; size++) {
    if (feed(bytes, () => size).found.join('|') !== FRAMES.join('|')) t.fail(`reads of ${size}`);
  }
  t.pass(`${bytes.length} cuts`);
});

t.test('only while a large frame streams are reads handed on, and READ_BUFFER never', async (t) => {
  const used: number[] = [];
  const intake = new Intake({ needed: 1e6, process: (_buf, _from, to) => used.push(to) && to });
  const { buffer: next, callback } = intake.reader((size, buf) => intake.accept(buf, size));
  t.equal(next(), READ_BUFFER);
  intake.streaming = true;
  callback(READ_BUFFER.length, READ_BUFFER);
  t.notOk(intake.mayHandOn(READ_BUFFER, 0, READ_BUFFER.length));
  const chunk = next() as Buffer;
  t.not(chunk, READ_BUFFER, 'a read that filled its buffer is followed by one into a chunk');
  callback(chunk.length, chunk);
  t.ok(intake.mayHandOn(chunk, 0, chunk.length));
  t.notOk(intake.mayHandOn(chunk, 0, chunk.length - 1), 'something lies behind it');
  t.notOk(intake.mayHandOn(chunk, chunk.length - 10, chunk.length), 'too little');
  intake.handedOn();
  t.not(next(), chunk, 'what was handed on is not read into again');
  intake.streaming = false;
  intake.handedOn();
  t.equal(next(), READ_BUFFER);
  t.equal(next(), undefined, 'unchanged');
});

/** Takes frames in parts from `STREAM_MIN` bytes on, and keeps what is handed on as it is. */
class Parts implements IntakeOwner {
  static readonly STREAM_MIN = 200;
  readonly scanner = new ReplyScanner();
  readonly intake = new Intake(this);
  readonly parts: Buffer[] = [];
  frames = 0;

  get needed(): number {
    return this.scanner.needed;
  }

  process(buf: Buffer, from: number, to: number): number {
    const { scanner } = this;
    let at = from;
    while (at < to) {
      const verdict = scanner.scan(buf, at, to);
      if (verdict === Scan.ERROR) throw new Error(scanner.error);
      if (verdict === Scan.MORE) {
        if (scanner.needed < Parts.STREAM_MIN && to - at < Parts.STREAM_MIN && !this.intake.streaming) break;
        this.intake.streaming = true;
        const end = scanner.cut(buf, at, to);
        this.#take(buf, at, end);
        return end;
      }
      this.#take(buf, at, scanner.next);
      at = scanner.next;
      this.frames++;
      this.intake.streaming = false;
    }
    return at;
  }

  #take(buf: Buffer, start: number, end: number): void {
    if (this.intake.mayHandOn(buf, start, end)) {
      this.intake.handedOn();
      this.parts.push(buf.subarray(start, end));
    } else if (end > start) {
      this.parts.push(Buffer.from(buf.subarray(start, end)));
    }
  }
}

/** As a socket would: asks for a buffer before the first read and behind each. */
function stream(bytes: Buffer, next: () => number): Parts {
  const taker = new Parts();
  const { buffer: choose, callback } = taker.intake.reader((size, buf) => taker.intake.accept(buf, size));
  let buf = choose() as Buffer;
  for (let at = 0; at < bytes.length; ) {
    const size = Math.min(bytes.length - at, next(), buf.length);
    bytes.copy(buf, 0, at, at + size);
    callback(size, buf);
    at += size;
    const old = buf;
    buf = choose() ?? old;
    if (buf === READ_BUFFER) buf.fill(0xff, 0, size);
  }
  return taker;
}

t.test('frames in parts, in reads of every small size, and cut at every offset', async (t) => {
  const row = `*40\r\n${'$2\r\nab\r\n:123456\r\n'.repeat(20)}`;
  const frames = [...FRAMES, row, '+OK\r\n', `*9\r\n${'+a\r\n'.repeat(8)}${row}`, ...FRAMES];
  const bytes = Buffer.from(frames.join(''));
  const check = (what: string, next: () => number) => {
    const taker = stream(bytes, next);
    if (taker.frames !== frames.length || !Buffer.concat(taker.parts).equals(bytes)) t.fail(what);
  };
  for (let size = 1; size < 400; size++) check(`reads of ${size}`, () => size);
  for (let cut = 1; cut < bytes.length; cut++) {
    const sizes = [cut, 1, 1, 2];
    check(`cut at ${cut}`, () => sizes.shift() ?? bytes.length);
  }
  t.pass(`${bytes.length} cuts`);
});

t.test('chunks that were handed on are not written again', async (t) => {
  const frame = (fill: string, size: number) => `$${size}\r\n${fill.repeat(size)}\r\n`;
  const bytes = Buffer.from(frame('a', 700_000) + frame('b', 70_000) + frame('c', 10) + frame('d', 300_000));
  for (const size of [65_536, 65_535, 40_000, 33_000]) {
    const { parts, frames } = stream(bytes, () => size);
    t.equal(frames, 4);
    t.ok(Buffer.concat(parts).equals(bytes), `reads of ${size}`);
    t.ok(parts.length > 10);
  }
});

t.test("the chunk that a socket still reads into is nobody else's after closing", async (t) => {
  const intake = new Intake({ needed: 1e6, process: (_buf, _from, to) => to });
  const { buffer: next, callback } = intake.reader((size, buf) => intake.accept(buf, size));
  next();
  intake.streaming = true;
  callback(READ_BUFFER.length, READ_BUFFER);
  const chunk = next() as Buffer;
  t.not(chunk, READ_BUFFER);
  intake.close();
  t.notOk(takeChunk(LARGE_CHUNK) === chunk);
  callback(10, chunk);
  t.ok(next() === READ_BUFFER);
  t.ok(takeChunk(LARGE_CHUNK) === chunk, 'given back once the socket has another');
});

t.test('of what was carried, one view is given at most: its keeper owns the buffer', async (t) => {
  const HALF = LARGE_CHUNK / 2;
  const frame = `$${HALF - 10}\r\n${'x'.repeat(HALF - 10)}\r\n`;
  const given: boolean[] = [];
  const scanner = new ReplyScanner();
  const intake: Intake = new Intake({
    get needed() {
      return scanner.needed;
    },
    process(buf, from, to) {
      // Nothing before both are there.
      if (to - from < 2 * frame.length) return from;
      for (let at = from; at < to; at = scanner.next) {
        if (scanner.scan(buf, at, to) !== Scan.FRAME) return at;
        given.push(intake.give(buf, at, scanner.next));
      }
      return to;
    },
  });
  const all = Buffer.from(frame + frame);
  for (const [from, to] of [
    [0, 30_000],
    [30_000, all.length],
  ] as const) {
    all.copy(READ_BUFFER, 0, from, to);
    intake.accept(READ_BUFFER, to - from);
  }
  intake.resume();
  t.strictSame(given, [true, false]);
});
