import fc from 'fast-check';
import t from 'tap';
import { Carry } from '../../../src/util/carry.ts';
import { giveChunk, LARGE_CHUNK, SMALL_CHUNK, takeChunk } from '../../../src/util/chunk-pool.ts';
import { holds } from '../../fuzz/property.ts';

const held = (carry: Carry): Buffer => (carry.buf === null ? Buffer.alloc(0) : carry.buf.subarray(carry.start, carry.end));

type Step =
  | { readonly do: 'append'; readonly size: number; readonly hint: number }
  | { readonly do: 'consume'; readonly part: number; readonly give: boolean }
  | { readonly do: 'clear' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      size: fc.oneof(fc.nat(20), fc.nat(700), fc.nat(20_000)),
      hint: fc.oneof(fc.constant(0), fc.nat(3000), fc.constant(2 ** 31)),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('consume' as const), part: fc.constantFrom(0, 0.1, 0.5, 0.9, 1, 1), give: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
);

/** Whatever lies in the pool may be written by others. */
function scribble(): void {
  const chunks = [SMALL_CHUNK, LARGE_CHUNK, 2 * LARGE_CHUNK, 4 * LARGE_CHUNK].flatMap((size) => [takeChunk(size), takeChunk(size)]);
  for (const chunk of chunks) giveChunk(chunk.fill(0xdd));
}

/** Runs the steps beside a model; false at the first difference. */
function agrees(steps: readonly Step[]): boolean {
  const carry = new Carry();
  let model: Buffer = Buffer.alloc(0);
  let largest = 0;
  let next = 0;
  const given: { readonly view: Buffer; readonly bytes: Buffer }[] = [];
  for (const each of steps) {
    if (each.do === 'append') {
      const src = Buffer.from(Array.from({ length: each.size + 10 }, () => next++ & 255));
      carry.append(src, 5, 5 + each.size, each.hint);
      model = Buffer.concat([model, src.subarray(5, 5 + each.size)]);
      src.fill(0xee);
      largest = Math.max(largest, model.length);
    } else if (each.do === 'consume') {
      const used = Math.floor(each.part * model.length);
      const upTo = carry.start + used;
      if (each.give && carry.buf !== null) {
        const view = carry.buf.subarray(carry.start, upTo);
        given.push({ view, bytes: Buffer.from(view) });
        carry.giveAway();
      }
      carry.consume(upTo);
      if (each.give) carry.abandon();
      model = model.subarray(used);
    } else {
      carry.clear();
      model = Buffer.alloc(0);
    }
    scribble();
    if (carry.length !== model.length || !held(carry).equals(model)) return false;
    if ((carry.buf?.length ?? 0) > Math.max(512, 4 * largest)) return false;
  }
  return given.every(({ view, bytes }) => view.equals(bytes));
}

t.test('holds what was appended and not consumed; what was given away is never written again', async (t) => {
  await holds(t, 'Carry', fc.property(fc.array(step, { maxLength: 30 }), agrees), { runs: 600 });
});

t.test('growth', async (t) => {
  const carry = new Carry();
  const piece = Buffer.alloc(1000, 'x');
  carry.append(piece, 0, 10, 2 ** 31);
  t.equal(carry.buf?.length, 512, 'a declared length allocates nothing');
  carry.append(piece, 0, 1000, 1500);
  t.equal(carry.buf?.length, 1500, 'the hint stops growth where the frame will end');
  const buffers = new Set<Buffer>();
  const many = new Carry();
  for (let i = 0; i < 10_000; i++) {
    many.append(piece, 0, 100);
    buffers.add(many.buf as Buffer);
  }
  t.equal(many.length, 1_000_000);
  t.ok(buffers.size < 20, `${buffers.size} buffers for a million bytes in small pieces`);
});

t.test('an empty carry keeps no large buffer', async (t) => {
  const carry = new Carry();
  const large = Buffer.alloc(100_000, 'x');
  carry.append(large, 0, large.length);
  carry.consume(carry.end);
  t.equal(carry.buf, null);
  carry.append(large, 0, 100);
  const small = carry.buf;
  carry.consume(carry.end);
  t.equal(carry.buf, small, 'a small one it does');
});

t.test('row 27: a small rest does not keep a huge buffer alive', async (t) => {
  const carry = new Carry();
  const huge = Buffer.alloc(8 * 1024 * 1024, 'x');
  carry.append(huge, 0, huge.length);
  carry.consume(carry.end - 10);
  t.equal(carry.length, 10);
  t.ok((carry.buf as Buffer).length <= 1024 * 1024, `${carry.buf?.length} bytes for 10`);
});

t.test('a chunk of the pool is given back when it is used up, not where views of it were given away', async (t) => {
  const bytes = Buffer.alloc(10_000, 'x');
  const carry = new Carry();
  carry.append(bytes, 0, bytes.length);
  const chunk = carry.buf;
  t.equal(chunk?.length, SMALL_CHUNK);
  carry.consume(carry.end);
  t.equal(takeChunk(SMALL_CHUNK), chunk);
  carry.append(bytes, 0, bytes.length);
  const shown = carry.buf;
  carry.giveAway();
  carry.consume(carry.end);
  t.not(takeChunk(SMALL_CHUNK), shown);
});
