import t from 'tap';
import { Scan } from '../../../src/protocol/bytes.ts';
import { ReplyScanner } from '../../../src/protocol/reply-scanner.ts';
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
  const { buffer, callback } = intake.onread((size, buf) => intake.accept(buf, size));
  const next = buffer as unknown as () => Buffer | undefined;
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
