import t from 'tap';
import { LARGE_CHUNK, SMALL_CHUNK, takeChunk } from '../../../src/util/chunk-pool.ts';
import { giveLater } from '../../../src/util/give-later.ts';

t.test('what is given later is nobody’s before those that run now have ended', async (t) => {
  const chunks = [takeChunk(LARGE_CHUNK), takeChunk(SMALL_CHUNK)] as [Buffer, Buffer];
  for (const chunk of chunks) giveLater(chunk);
  t.not(takeChunk(LARGE_CHUNK), chunks[0]);
  await Promise.resolve();
  t.not(takeChunk(LARGE_CHUNK), chunks[0]);
  await new Promise((resolve) => setImmediate(resolve));
  t.same(
    [takeChunk(LARGE_CHUNK), takeChunk(SMALL_CHUNK)].map((chunk, i) => chunk === chunks[i]),
    [true, true],
  );
  giveLater(chunks[0]);
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(takeChunk(LARGE_CHUNK), chunks[0], 'a second time');
});
