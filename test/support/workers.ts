import type { Test } from 'tap';
import type { Workers } from './cli.ts';
import { connectResp, type RespClient } from './resp-client.ts';
import { until } from './wait.ts';

/** A client of the only pool, closed at the end of the test. */
export async function openClient(t: Test, keyfan: Workers): Promise<RespClient> {
  const client = await connectResp((keyfan.pools.p as string).replace(/^unix:/, ''), { deadlineMs: 20_000 });
  t.teardown(() => client.close());
  return client;
}

/** The number of the worker that serves the client. */
export async function workerOf(client: RespClient): Promise<number> {
  const info = String((await client.command('INFO', 'server')).value);
  return Number(/keyfan_worker:(\d+)/.exec(info)?.[1]);
}

/**
 * A client of that worker: the next to come goes to the one with the fewest, but for a worker that has no core for a while and is
 * passed over. The clients of other workers that came before it are closed again.
 */
export async function clientAt(t: Test, keyfan: Workers, worker: number): Promise<RespClient> {
  const others: RespClient[] = [];
  const found = await until(async () => {
    const client = await openClient(t, keyfan);
    if ((await workerOf(client)) === worker) return client;
    others.push(client);
    return null;
  }, `a client of worker ${worker}`);
  if (others.length === 0) return found;
  const ids = await Promise.all(others.map(idOf));
  await Promise.all(others.map((client) => client.close()));
  await until(async () => {
    const list = (await found.command('CLIENT', 'LIST')).text;
    return !ids.some((id) => list.includes(`id=${id} `));
  }, 'the others to be gone');
  return found;
}

export const idOf = async (client: RespClient): Promise<number> => Number((await client.command('CLIENT', 'ID')).value);
