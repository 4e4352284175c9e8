import fc from 'fast-check';
import t from 'tap';
import { READ } from '../../../src/kernel/memory.ts';
import { giveChunk, LARGE_CHUNK, nearTaken, SMALL_CHUNK } from '../../../src/util/chunk-pool.ts';
import { OutBuffer, type Sink, worthView } from '../../../src/util/out-buffer.ts';
import { holds } from '../../fuzz/property.ts';

/**
 * A socket whose kernel takes bytes when the test says so. Each write is remembered as the buffer it was and as the bytes it
 * held then: as long as it is not taken both must stay equal.
 */
class SlowSink implements Sink {
  writes = 0;
  lists = 0;
  readonly taken: Buffer[] = [];
  readonly #waiting: { readonly live: Uint8Array; readonly bytes: Buffer; readonly done: (() => void) | undefined }[] = [];
  /** Takes each write within the call, as the kernel does while its buffer has room. */
  fast = true;
  broken = false;

  get writableLength(): number {
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  writeChunk(chunk: Buffer, size: number): void {
    this.writes++;
    this.#queue(chunk.subarray(0, size), () => giveChunk(chunk));
    if (this.fast) this.drain();
  }

  writeAll(list: readonly Uint8Array[], done: () => void): void {
    this.lists++;
    for (const bytes of list.slice(0, -1)) this.#queue(bytes);
    this.#queue(list.at(-1) as Uint8Array, done);
    if (this.fast) this.drain();
  }

  #queue(live: Uint8Array, done?: () => void): void {
    this.#waiting.push({ live, bytes: Buffer.from(live), done });
  }

  drain(): void {
    for (const { live, bytes, done } of this.#waiting.splice(0)) {
      if (!bytes.equals(live)) this.broken = true;
      this.taken.push(bytes);
      done?.();
    }
  }

  bytes(): Buffer {
    return Buffer.concat(this.taken);
  }
}

type Step =
  | { readonly do: 'append'; readonly to: 0 | 1; readonly size: number; readonly given: boolean; readonly read: boolean }
  | { readonly do: 'flush'; readonly to: 0 | 1 }
  | { readonly do: 'fast' | 'slow' | 'drain'; readonly to: 0 | 1 };

const AROUND_CHUNKS = [SMALL_CHUNK, LARGE_CHUNK].flatMap((size) => [size - 1, size, size + 1]);
const which = fc.constantFrom<0 | 1>(0, 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      to: which,
      size: fc.oneof(fc.nat(100), fc.nat(5000), fc.nat(200_000), fc.constantFrom(0, ...AROUND_CHUNKS)),
      given: fc.boolean(),
      read: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('flush' as const), to: which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('fast' as const, 'slow' as const, 'drain' as const), to: which }) },
);

/** Two connections share the chunk pool, so that a chunk given back too early is written by the other. */
function agrees(steps: readonly Step[]): boolean {
  const outs = [new OutBuffer('near'), new OutBuffer('near')] as const;
  const sinks = [new SlowSink(), new SlowSink()] as const;
  const models: [Buffer[], Buffer[]] = [[], []];
  const unflushed: [number, number] = [0, 0];
  let next = 0;
  for (const each of steps) {
    const { to } = each;
    if (each.do === 'append') {
      const src = each.read && !each.given && each.size + 8 <= READ.length ? READ : Buffer.alloc(each.size + 8);
      src.fill(next++ & 255, 0, each.size + 8);
      if (each.size > 0) src[4] = next & 127;
      models[to].push(Buffer.from(src.subarray(4, 4 + each.size)));
      outs[to].append(src, 4, 4 + each.size, each.given);
      if (!each.given) src.fill(0xee, 0, each.size + 8);
      unflushed[to] += each.size;
    } else if (each.do === 'flush') {
      outs[to].flush(sinks[to]);
      unflushed[to] = 0;
    } else if (each.do === 'drain') {
      sinks[to].drain();
    } else {
      sinks[to].fast = each.do === 'fast';
    }
    if (outs[to].length !== unflushed[to]) return false;
  }
  const right = ([0, 1] as const).every((to) => {
    outs[to].flush(sinks[to]);
    sinks[to].drain();
    return !sinks[to].broken && sinks[to].bytes().equals(Buffer.concat(models[to]));
  });
  return right && nearTaken() === 0;
}

t.test('every byte arrives once and in order, and none changes before it is taken', async (t) => {
  await holds(t, 'OutBuffer', fc.property(fc.array(step, { maxLength: 40 }), agrees), { runs: 500 });
});

t.test('one write, of one buffer or of a list, whatever was appended', async (t) => {
  const out = new OutBuffer();
  const sink = new SlowSink();
  out.flush(sink);
  t.equal(sink.writes, 0, 'nothing to write');
  for (let i = 0; i < 1000; i++) out.append(Buffer.from('+OK\r\n'), 0, 5, false);
  t.equal(out.length, 5000);
  out.flush(sink);
  t.equal(out.length, 0);
  t.equal(sink.writes, 1);
  t.equal(sink.lists, 0);
  t.equal(sink.bytes().toString(), '+OK\r\n'.repeat(1000));
  const large = Buffer.alloc(40_000, 'x');
  out.append(Buffer.from(':1\r\n'), 0, 4, false);
  out.append(large, 0, large.length, true);
  out.append(Buffer.from(':2\r\n'), 0, 4, false);
  out.flush(sink);
  t.equal(sink.lists, 1);
  t.equal(sink.writes, 1);
});

t.test('a given frame is passed on as it is, not copied', async (t) => {
  const out = new OutBuffer();
  const written: Uint8Array[] = [];
  const sink = { writableLength: 0, writeChunk() {}, writeAll: (list: readonly Uint8Array[]) => written.push(...list) };
  const large = Buffer.alloc(40_000, 'x');
  out.append(large, 100, 30_000, true);
  out.flush(sink);
  t.equal(written.length, 1);
  t.equal(written[0]?.buffer, large.buffer);
  t.equal(written[0]?.byteLength, 29_900);
});

t.test('clear drops what was not handed over', async (t) => {
  const out = new OutBuffer();
  const sink = new SlowSink();
  out.append(Buffer.from('lost'), 0, 4, false);
  out.append(Buffer.alloc(20_000), 0, 20_000, true);
  out.append(Buffer.from('lost'), 0, 4, false);
  out.clear();
  t.equal(out.length, 0);
  out.flush(sink);
  t.equal(sink.writes, 0);
  out.append(Buffer.from('kept'), 0, 4, false);
  out.flush(sink);
  t.equal(sink.bytes().toString(), 'kept');
});

t.test('a view is worth it only for large frames that are most of their buffer', async (t) => {
  t.equal(worthView(16 * 1024 - 1, Buffer.alloc(16 * 1024)), false, 'too small');
  t.equal(worthView(16 * 1024, Buffer.alloc(32 * 1024)), true);
  t.equal(worthView(16 * 1024, Buffer.alloc(32 * 1024 + 1)), false, 'would pin more than as much again');
  t.equal(worthView(1024 * 1024, Buffer.alloc(1024 * 1024)), true);
});
