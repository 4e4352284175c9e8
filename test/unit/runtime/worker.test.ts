import t from 'tap';
import { parseConfig } from '../../../src/config/load.ts';
import type { ToPrimary } from '../../../src/runtime/messages.ts';
import { Worker } from '../../../src/runtime/worker.ts';
import { VERSION } from '../../../src/util/version.ts';

t.test('a worker of another version than its primary does not start', async (t) => {
  const config = parseConfig({ log: { level: 'silent' }, pools: { p: { listen: '127.0.0.1:0', nodes: ['127.0.0.1:1'] } } });
  const posted: string[] = [];
  const worker = new Worker({ type: 'start', version: '0.0.0', worker: 1, config }, async ({ type }) => void posted.push(type));
  await t.rejects(worker.start(), { message: `a worker is keyfan ${VERSION}, the primary 0.0.0: restart keyfan as a whole` });
  t.same(posted, []);
});

t.test('a worker reports, then is ready; at the end it reports once more', async (t) => {
  const config = parseConfig({ log: { level: 'silent' }, pools: { p: { listen: '127.0.0.1:0', nodes: ['127.0.0.1:1'] } } });
  const posted: string[] = [];
  const worker = new Worker({ type: 'start', version: VERSION, worker: 1, config }, async ({ type }) => void posted.push(type));
  await worker.start();
  t.same(posted, ['report', 'ready']);
  await Promise.all([worker.drain(), worker.drain()]);
  t.same(posted, ['report', 'ready', 'report']);
});

t.test('a worker that is told to end while it starts never says that it is ready, and reports whole pools or nothing', async (t) => {
  const config = parseConfig({ log: { level: 'silent' }, pools: { p: { listen: '127.0.0.1:0', nodes: ['127.0.0.1:1'] } } });
  const posted: ToPrimary[] = [];
  const worker = new Worker({ type: 'start', version: VERSION, worker: 1, config }, async (message) => void posted.push(message));
  const [started] = [worker.start(), worker.drain()];
  await Promise.all([started, worker.drain()]);
  t.same(
    posted.map((message) => message.type === 'report' && message.report.pools.length),
    [1],
  );
  const other = new Worker({ type: 'start', version: '0.0.0', worker: 1, config }, async (message) => void posted.push(message));
  await t.rejects(other.start());
  await other.drain();
  t.equal(posted.length, 1, 'one that has not started has nothing to report');
});
