import fc from 'fast-check';
import t from 'tap';
import { ReplyQueue } from '../../../src/downstream/reply-queue.ts';
import { giveChunk } from '../../../src/util/chunk-pool.ts';
import { OutBuffer, type Sink } from '../../../src/util/out-buffer.ts';
import { part } from '../../fuzz/arbitraries.ts';
import { holds } from '../../fuzz/property.ts';

/** An out-buffer whose bytes can be read back. */
class Outlet {
  readonly out = new OutBuffer();
  readonly #written: Buffer[] = [];
  readonly #sink: Sink = {
    writableLength: 0,
    writeChunk: (chunk, size) => {
      this.#written.push(Buffer.from(chunk.subarray(0, size)));
      giveChunk(chunk);
    },
    writeAll: (list, done) => {
      for (const bytes of list) this.#written.push(Buffer.from(bytes));
      done();
    },
  };

  bytes(): Buffer {
    this.out.flush(this.#sink);
    return Buffer.concat(this.#written);
  }
}

/** A reply of `size` bytes that tells which it is, in the midst of other bytes. */
function replyOf(n: number, size: number): { readonly buf: Buffer; readonly start: number; readonly end: number } {
  const buf = Buffer.alloc(size + 6, `<${n}>`);
  return { buf, start: 3, end: 3 + size };
}

interface Step {
  /** Places to open, then one of the open places, as a part of their number, is settled. */
  readonly open: number;
  readonly which: number;
  readonly settle: number;
  readonly size: number;
  readonly given: boolean;
  /** The last place that is opened gathers replies. */
  readonly gathers: boolean;
  /** Then something is pushed. */
  readonly push: 'now' | 'behind' | null;
}

const step: fc.Arbitrary<Step> = fc.record({
  open: fc.oneof({ weight: 4, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(60) }),
  which: fc.oneof(fc.constant(0), part),
  settle: fc.nat(4),
  size: fc.oneof(
    { weight: 5, arbitrary: fc.nat(40) },
    { weight: 2, arbitrary: fc.nat(3000) },
    { weight: 1, arbitrary: fc.nat(100_000) },
    { weight: 1, arbitrary: fc.constantFrom(16_383, 16_384, 0) },
  ),
  given: fc.boolean(),
  gathers: fc.nat(3).map((n) => n === 0),
  push: fc.constantFrom('now', 'behind', null, null, null),
});

function agrees(steps: readonly Step[]): boolean {
  const queue = new ReplyQueue();
  const outlet = new Outlet();
  /** In order of arrival; a settled reply has its bytes. What is pushed behind others has no place. */
  const owed: { readonly token: number | null; readonly openedAt: number; readonly gathers?: boolean; reply?: Buffer }[] = [];
  const sent: Buffer[] = [];
  let n = 0;
  const settle = (which: number, size: number, given: boolean): void => {
    const open = owed.filter((each) => each.reply === undefined);
    const place = open[Math.floor(which * open.length)];
    if (place === undefined || place.token === null) return;
    const { buf, start, end } = replyOf(n++, size);
    place.reply = Buffer.from(buf.subarray(start, end));
    queue.settle(place.token, buf, start, end, given, outlet.out);
    if (!given) buf.fill(0xee);
    send();
  };
  const send = (): void => {
    while (owed[0]?.reply !== undefined) sent.push(owed.shift()?.reply as Buffer);
  };
  const push = (when: 'now' | 'behind'): void => {
    const bytes = Buffer.from(`[${n++}]`);
    queue.push(bytes, 0, bytes.length, when, outlet.out);
    const last = owed.findLastIndex(({ reply, gathers }) => reply !== undefined || gathers === true);
    if (when === 'now' || last < 0) sent.push(bytes);
    else owed.splice(last + 1, 0, { token: null, openedAt: 0, reply: bytes });
  };
  const same = (): boolean => {
    const held = owed.reduce((sum, { reply }) => sum + (reply?.length ?? 0), 0);
    const places = owed.filter(({ token }) => token !== null);
    return (
      queue.length === places.length &&
      queue.heldBytes === held &&
      places.every((each) => queue.openedAt(each.token as number) === each.openedAt)
    );
  };
  for (const { open, which, settle: count, size, given, gathers, push: pushed } of steps) {
    for (let i = 0; i < open; i++) {
      const openedAt = owed.length + n * 1000;
      const last = gathers && i === open - 1;
      owed.push({ token: queue.open(openedAt, last), openedAt, gathers: last });
    }
    for (let i = 0; i < count; i++) settle(which, size, given);
    if (pushed !== null) push(pushed);
    if (!same()) return false;
  }
  while (owed.length > 0) settle(0.99, 10, false);
  return same() && queue.heldBytes === 0 && queue.length === 0 && outlet.bytes().equals(Buffer.concat(sent));
}

t.test(
  'replies leave in the order of their requests, whatever the order they come in, and what is pushed behind them behind them',
  async (t) => {
    await holds(t, 'ReplyQueue', fc.property(fc.array(step, { maxLength: 40 }), agrees), { runs: 500 });
  },
);

t.test('a reply at the head goes out at once, one behind it waits', async (t) => {
  const queue = new ReplyQueue();
  const { out } = new Outlet();
  const tokens = [1, 2, 3].map((now) => queue.open(now));
  t.equal(queue.length, 3);
  t.same(
    tokens.map((token) => queue.openedAt(token)),
    [1, 2, 3],
  );
  queue.settle(tokens[1] as number, Buffer.from('bb'), 0, 2, false, out);
  t.equal(out.length, 0);
  t.equal(queue.heldBytes, 2);
  t.equal(queue.length, 3);
  queue.settle(tokens[0] as number, Buffer.from('a'), 0, 1, false, out);
  t.equal(out.length, 3);
  t.equal(queue.heldBytes, 0);
  t.equal(queue.length, 1);
});

t.test('large replies held back are kept as they are when they were given, else copied', async (t) => {
  const queue = new ReplyQueue();
  const outlet = new Outlet();
  const [first, second, third] = [queue.open(0), queue.open(0), queue.open(0)];
  const given = Buffer.alloc(50_000, 'g');
  const lent = Buffer.alloc(50_000, 'l');
  queue.settle(third, given, 0, given.length, true, outlet.out);
  queue.settle(second, lent, 0, lent.length, false, outlet.out);
  lent.fill('x');
  t.equal(queue.heldBytes, 100_000);
  queue.settle(first, Buffer.from('f'), 0, 1, false, outlet.out);
  t.equal(queue.heldBytes, 0);
  t.ok(outlet.bytes().equals(Buffer.from(`f${'l'.repeat(50_000)}${'g'.repeat(50_000)}`)));
});

t.test('many requests open at once, answered backwards, again and again', async (t) => {
  const queue = new ReplyQueue();
  const outlet = new Outlet();
  let expected = '';
  for (let round = 0; round < 5; round++) {
    const tokens = Array.from({ length: 5000 }, () => queue.open(round));
    t.equal(queue.length, 5000);
    for (let i = 4999; i >= 0; i--) {
      const bytes = Buffer.from(`:${i}\r\n`);
      queue.settle(tokens[i] as number, bytes, 0, bytes.length, false, outlet.out);
    }
    for (let i = 0; i < 5000; i++) expected += `:${i}\r\n`;
    t.equal(queue.length, 0);
    t.equal(queue.heldBytes, 0);
  }
  t.ok(outlet.bytes().equals(Buffer.from(expected)));
});

t.test('a muted reply that was given away is not kept', async (t) => {
  const queue = new ReplyQueue();
  const { out } = new Outlet();
  queue.muting = 'off';
  const whole = new WeakRef(Buffer.allocUnsafeSlow(20 * 1024));
  queue.settle(queue.open(0), whole.deref() as Buffer, 0, 20 * 1024, true, out);
  t.equal(out.length, 0);
  out.flush({ writableLength: 0, writeChunk: () => t.fail('nothing to write'), writeAll: () => t.fail('nothing to write') });
  out.append(Buffer.from('+OK\r\n'), 0, 5, false);
  const lists: number[] = [];
  out.flush({
    writableLength: 0,
    writeChunk: (_chunk, size) => lists.push(size),
    writeAll: (list) => lists.push(...list.map(({ length }) => length)),
  });
  t.same(lists, [5], 'no empty view of it');
});
