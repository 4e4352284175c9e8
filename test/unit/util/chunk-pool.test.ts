import t from 'tap';
import { CHUNK_SIZE, giveChunk, takeChunk } from '../../../src/util/chunk-pool.ts';

t.test('a chunk belongs to one taker until it is given back', async (t) => {
  const first = takeChunk();
  const second = takeChunk();
  t.not(first, second);
  t.equal(first.length, CHUNK_SIZE);
  t.equal(first.buffer.byteLength, CHUNK_SIZE, 'on memory of its own');
  giveChunk(first);
  t.equal(takeChunk(), first, 'used again');
  t.not(takeChunk(), first);
});

t.test('the pool keeps a bounded number of chunks', async (t) => {
  const chunks = new Set(Array.from({ length: 1500 }, takeChunk));
  t.equal(chunks.size, 1500, 'all different');
  for (const chunk of chunks) giveChunk(chunk);
  const again = Array.from({ length: 1500 }, takeChunk);
  const kept = again.filter((chunk) => chunks.has(chunk)).length;
  t.equal(kept, 1024);
  t.equal(new Set(again).size, 1500);
});
