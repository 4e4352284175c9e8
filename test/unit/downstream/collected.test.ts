import fc from 'fast-check';
import t from 'tap';
import { Collected } from '../../../src/downstream/collected.ts';
import { AHEAD, BYTES, FRAGMENTS_MAX, ORDER, OUT_AT } from '../../../src/kernel/memory.ts';
import { LARGE_CHUNK, nearTaken, takeChunk, takeRoom } from '../../../src/util/chunk-pool.ts';
import { argument } from '../../fuzz/arbitraries.ts';
import { latin1 } from '../../fuzz/drive.ts';
import { holds } from '../../fuzz/property.ts';

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
const array = (items: readonly string[]): string => `*${items.length}\r\n${items.map(bulk).join('')}`;

/** Puts the replies in the given order of arrival, from a buffer that is overwritten each time. */
function collect(replies: readonly string[], arrival: readonly number[], order: readonly number[], given = false): Collected {
  ORDER.set(order);
  const collected = new Collected(replies.length, ORDER, order.length);
  ORDER.fill(0, 0, order.length);
  for (const fragment of arrival) {
    const shared = latin1(`##${replies[fragment]}##`);
    collected.put(fragment, shared, 2, shared.length - 2, given);
    if (!given) shared.fill('!');
  }
  return collected;
}

const mergedOf = (collected: Collected): string | null => {
  const end = collected.merge();
  return end === 0 ? null : BYTES.toString('latin1', OUT_AT, end);
};

t.test('replies as they came, and their order, whatever the sizes', async (t) => {
  for (const size of [1, 100, 1500, 5000, 9000, 16_380, 20_000, 70_000]) {
    const replies = [array(['a'.repeat(size), 'b']), array(['c']), array(['d'.repeat(size)])];
    const collected = collect(replies, [2, 0, 1], [2, 0, 1, 0]);
    t.strictSame(
      replies.map((_, fragment) => collected.get(fragment).toString('latin1')),
      replies,
    );
    t.strictSame([...collected.order], [2, 0, 1, 0]);
    collected.release();
  }
  const many = Array.from({ length: 5000 }, (_, i) => i % 2);
  t.strictSame([...collect(['+a\r\n', '+b\r\n'], [0, 1], many).order], many, 'more than the block has room for');
});

t.test('several at a time have blocks of their own', async (t) => {
  const all = Array.from({ length: 50 }, (_, i) => collect([array([`a${i}`]), array([`b${i}`])], [1, 0], [0, 1]));
  for (const [i, collected] of all.entries()) {
    t.equal(mergedOf(collected), array([`a${i}`, `b${i}`]));
    collected.release();
  }
});

t.test('what was given away is kept as it is, and merged elsewhere', async (t) => {
  const collected = collect([array(['a']), array(['b'])], [0, 1], [1, 0], true);
  t.equal(mergedOf(collected), null);
  t.strictSame(
    [0, 1].map((fragment) => collected.get(fragment).toString('latin1')),
    [array(['a']), array(['b'])],
  );
});

t.test('merged as one array, where the replies are arrays of the elements wanted', async (t) => {
  t.equal(mergedOf(collect([array(['a', 'c']), '+OK\r\n'], [0, 1], [0, 1, 0])), null);
  t.equal(mergedOf(collect([array(['a']), array(['b'])], [0, 1], [0, 1, 0])), null);
  t.equal(mergedOf(collect([array(['x'.repeat(17_000)]), array(['b'])], [0, 1], [0, 1])), null, 'too large for a block');
  const items = fc.array(fc.tuple(fc.nat(3), argument), { minLength: 1, maxLength: 40 });
  await holds(
    t,
    'any split of any elements',
    fc.property(items, fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), (items, arrival) => {
      const replies = [0, 1, 2, 3].map((part) => array(items.filter(([from]) => from === part).map(([, text]) => text)));
      const collected = collect(
        replies,
        arrival,
        items.map(([from]) => from),
      );
      const whole = mergedOf(collected);
      collected.release();
      return whole === array(items.map(([, text]) => text)) || replies.join('').length > 10_000;
    }),
    { runs: 500 },
  );
});

t.test('one that was given among others is kept beside them', async (t) => {
  const replies = [array(['a']), array(['b'])];
  ORDER.set([1, 0]);
  const collected = new Collected(2, ORDER, 2);
  for (const [fragment, reply] of replies.entries()) collected.put(fragment, latin1(reply), 0, reply.length, fragment === 1);
  t.equal(mergedOf(collected), null);
  t.strictSame(
    replies.map((_, fragment) => collected.get(fragment).toString('latin1')),
    replies,
  );
});

t.test('an order of somebody else’s is copied, whatever its length', async (t) => {
  for (const keys of [2, 20_000]) {
    const order = Uint16Array.from({ length: keys }, (_, i) => (i + 1) % 2);
    const collected = new Collected(2, order, keys);
    for (const fragment of [0, 1]) collected.put(fragment, latin1(array(['a'])), 0, array(['a']).length, false);
    order.fill(7);
    t.strictSame([...collected.order.subarray(0, 3)], [1, 0, 1].slice(0, keys), `${keys} keys`);
    t.equal(mergedOf(collected), null);
    collected.release();
  }
  const most = [0, 1, 2, 3].map((first) => Array.from({ length: ORDER.length }, (_, i) => (first + i) % 2));
  const all = most.map((order) => collect(['+a\r\n', '+b\r\n'], [0, 1], order));
  t.ok(
    all.every(({ order }, i) => order.length === ORDER.length && order.every((fragment, key) => fragment === most[i]?.[key])),
    'the kernel’s as well',
  );
});

t.test('its chunk goes back once', async (t) => {
  const before = nearTaken();
  const collected = collect([array(['a'.repeat(5000)]), array(['b'])], [1, 0], [0, 1]);
  t.equal(nearTaken(), before + 1);
  collected.release();
  collected.release();
  t.equal(nearTaken(), before);
});

t.test('more fragments than the kernel has cells for are merged elsewhere', async (t) => {
  const fragments = Array.from({ length: FRAGMENTS_MAX + 1 }, (_, i) => i);
  const replies = fragments.map((i) => array([`${i}`]));
  // What lies behind the cells must not be taken for one.
  const all = collect(replies, fragments, fragments);
  const last = all.get(FRAGMENTS_MAX);
  t.equal(last.buffer, BYTES.buffer, 'they lie where the kernel could read them');
  AHEAD.set([last.byteOffset, last.byteOffset + last.length]);
  t.equal(mergedOf(all), null);
  const most = fragments.slice(0, FRAGMENTS_MAX);
  t.equal(mergedOf(collect(replies.slice(0, FRAGMENTS_MAX), most, most)), array(most.map(String)));
});

t.test('large replies lie in chunks, given ones where they came, which go back when all is merged and read', async (t) => {
  const reply = array(['v'.repeat(40_000)]);
  const came = takeChunk(LARGE_CHUNK);
  came.write(reply, 100, 'latin1');
  ORDER.set([0, 1]);
  const collected = new Collected(2, ORDER, 2);
  collected.put(0, came, 100, 100 + reply.length, true);
  collected.put(1, latin1(reply), 0, reply.length, false);
  t.equal(collected.get(0).buffer, came.buffer, 'not copied');
  const other = collected.get(1).buffer;
  t.strictSame(
    [0, 1].map((fragment) => collected.get(fragment).toString('latin1')),
    [reply, reply],
  );
  const free = (): ArrayBufferLike[] => [takeRoom(40_000), takeRoom(40_000)].map(({ buffer }) => buffer);
  t.notOk(free().some((buffer) => buffer === came.buffer || buffer === other));
  collected.release();
  t.notOk(
    free().some((buffer) => buffer === came.buffer || buffer === other),
    'whoever called may be reading on',
  );
  await new Promise((resolve) => setImmediate(resolve));
  t.ok(free().every((buffer) => buffer === came.buffer || buffer === other));
});
