import t from 'tap';
import { giveChunk, LARGE_CHUNK, SMALL_CHUNK, takeChunk, trimChunks } from '../../../src/util/chunk-pool.ts';

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
