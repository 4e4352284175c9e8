import { rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { tick } from '../../../src/util/clock.ts';
import { TcpMemory } from '../../../src/util/tcp-memory.ts';
import { startFlood } from '../../support/flood.ts';
import { until } from '../../support/wait.ts';

/** As Linux writes it. */
const sockstat = (pages: number): string =>
  `sockets: used 301\nTCP: inuse 27 orphan 0 tw 4 alloc 31 mem ${pages}\nUDP: inuse 3 mem 99999\nFRAG: inuse 0 memory 0\n`;

/** From here on it is read again. */
async function later(): Promise<void> {
  const now = tick();
  await until(() => tick() > now, 'the clock to go on');
}

t.test('flooded from 64 MiB on, as of the read batch at hand', async (t) => {
  const path = join(t.testdir(), 'sockstat');
  writeFileSync(path, sockstat(16 * 1024));
  const memory = new TcpMemory(path);
  await later();
  t.notOk(memory.flooded);
  writeFileSync(path, sockstat(16 * 1024 + 1));
  t.notOk(memory.flooded, 'once for each batch');
  await later();
  t.ok(memory.flooded);
});

t.test('never flooded where the system does not tell', async (t) => {
  const none = join(t.testdir(), 'none');
  const memory = new TcpMemory(none);
  t.notOk(memory.flooded);
  writeFileSync(none, sockstat(99_999));
  await later();
  t.notOk(memory.flooded, 'it is not looked for again');
  const path = join(t.testdir({ other: 'something else\n' }), 'other');
  t.notOk(new TcpMemory(path).flooded);
});

t.test('what may pass is tried again: as where there is no descriptor left', async (t) => {
  const path = join(t.testdir({ sockstat: {} }), 'sockstat');
  const memory = new TcpMemory(path);
  t.notOk(memory.flooded, 'a directory cannot be read');
  rmdirSync(path);
  writeFileSync(path, sockstat(99_999));
  await later();
  t.ok(memory.flooded);
});

t.test('Linux tells what is written and not read', { skip: process.platform === 'linux' ? false : 'Linux only' }, async (t) => {
  const memory = new TcpMemory();
  await later();
  const more = 16 * 1024 * 1024;
  const before = memory.bytes;
  // Other processes of the host may let go of something meanwhile: then more is written.
  t.teardown(await startFlood(() => memory.bytes > before + more));
  t.ok(memory.bytes > more);
});
