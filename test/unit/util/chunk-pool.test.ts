import t from 'tap';
import { BYTES, CHUNKS_AT, CHUNKS_END } from '../../../src/kernel/memory.ts';
import {
  chunkFor,
  chunkOf,
  fitsPool,
  giveChunk,
  LARGE_CHUNK,
  nearTaken,
  placeOf,
  SMALL_CHUNK,
  TINY_CHUNK,
  takeChunk,
  takeNear,
  takeRoom,
  trimChunks,
} from '../../../src/util/chunk-pool.ts';

for (const size of [SMALL_CHUNK, LARGE_CHUNK]) {
  t.test(`a chunk of ${size} bytes belongs to one taker until it is given back`, async (t) => {
    const first = takeChunk(size);
    const second = takeChunk(size);
    t.not(first, second);
    t.equal(first.length, size);
    t.equal(first.buffer.byteLength, size, 'on memory of its own');
    giveChunk(first);
    t.equal(takeChunk(size), first, 'used again');
    t.not(takeChunk(size), first);
  });

  t.test(`the pool keeps 64 MiB of chunks of ${size} bytes`, async (t) => {
    const max = (64 * 1024 * 1024) / size;
    const chunks = new Set(Array.from({ length: max + 100 }, () => takeChunk(size)));
    t.equal(chunks.size, max + 100, 'all different');
    for (const chunk of chunks) giveChunk(chunk);
    const again = Array.from({ length: max + 100 }, () => takeChunk(size));
    t.equal(again.filter((chunk) => chunks.has(chunk)).length, max);
    t.equal(new Set(again).size, max + 100);
  });
}

t.test('what nobody has taken since the last trim is let go of', async (t) => {
  trimChunks();
  trimChunks();
  const chunks = Array.from({ length: 10 }, () => takeChunk(LARGE_CHUNK));
  const known = (count: number): number => {
    const taken = Array.from({ length: count }, () => takeChunk(LARGE_CHUNK));
    for (const chunk of taken.toReversed()) giveChunk(chunk);
    return taken.filter((chunk) => chunks.includes(chunk)).length;
  };
  for (const chunk of chunks) giveChunk(chunk);
  trimChunks();
  t.equal(known(4), 4, 'all were in use until then');
  trimChunks();
  t.equal(known(10), 4, 'six were not taken since');
});

t.test('near chunks lie in the memory of the kernel, apart from each other; when all are taken, others serve', async (t) => {
  const all: Buffer[] = [];
  for (const size of [TINY_CHUNK, LARGE_CHUNK, SMALL_CHUNK]) {
    const some = Array.from({ length: 2000 }, () => takeNear(size));
    const far = some.filter((chunk) => placeOf(chunk) === 0);
    t.ok(far.length > 0 && far.length < 2000, `${2000 - far.length} near ones of ${size} bytes`);
    t.ok(some.every((chunk) => chunk.length === size));
    all.push(...some);
  }
  t.equal(new Set(all).size, 6000);
  const near = all.filter((chunk) => placeOf(chunk) !== 0).sort((a, b) => placeOf(a) - placeOf(b));
  t.equal(nearTaken(), near.length);
  let end = CHUNKS_AT;
  for (const [i, chunk] of near.entries()) {
    const at = placeOf(chunk);
    // A copy may write seven bytes more than asked.
    if (at < end || at + chunk.length + 8 > CHUNKS_END) t.fail(`chunk ${i} at ${at}`);
    end = at + chunk.length + 8;
    chunk.write('here');
    if (BYTES.toString('latin1', at, at + 4) !== 'here') t.fail(`chunk ${i} is elsewhere`);
  }
  for (const chunk of all) giveChunk(chunk);
  t.equal(nearTaken(), 0);
  const again = takeNear(SMALL_CHUNK);
  t.ok(near.includes(again), 'used again');
  giveChunk(again);
});

t.test('sizes of chunks', async (t) => {
  const KIB = 1024;
  t.same([1, 2 * KIB, 2 * KIB + 1, 64 * KIB + 1, 200 * KIB, 1024 * KIB, 1024 * KIB + 1].map(chunkFor), [
    2 * KIB,
    2 * KIB,
    16 * KIB,
    128 * KIB,
    256 * KIB,
    1024 * KIB,
    undefined,
  ]);
  for (const size of [2, 16, 64, 128, 256, 512, 1024]) t.ok(fitsPool(Buffer.alloc(size * KIB)));
  t.notOk(fitsPool(Buffer.alloc(2 * KIB - 1)));
});

t.test('room is the beginning of a chunk, which can be told from a view of it', async (t) => {
  for (const size of [2048, 2049, 100_000, 1024 * 1024]) {
    const room = takeRoom(size);
    t.equal(room.length, size);
    const chunk = chunkOf(room);
    t.equal(chunk?.length, chunkFor(size));
    t.equal(chunkOf(room.subarray(size - 1))?.buffer, room.buffer);
    giveChunk(chunk as Buffer);
    t.equal(takeRoom(size).buffer, room.buffer, 'used again');
  }
  for (const size of [10, 2047, 1024 * 1024 + 1]) {
    t.equal(takeRoom(size).length, size);
    t.equal(chunkOf(takeRoom(size)), null, `${size} bytes are of no chunk`);
  }
  t.equal(chunkOf(BYTES.subarray(0, 2048)), null, 'the kernel’s memory is none');
});
