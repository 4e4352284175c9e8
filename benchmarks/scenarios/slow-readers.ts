import { setTimeout as sleep } from 'node:timers/promises';
import { encode } from '../../test/support/resp.ts';
import { until } from '../../test/support/wait.ts';
import { openFiles, residentBytes } from '../memory.ts';
import { Child } from './child.ts';
import { bytesAtMost, check, type Finding, info, mib, ms, none, timesAtMost } from './finding.ts';
import type { Connections } from './load/connections.ts';
import type { Stretch } from './load/normal.ts';
import type { Scenario } from './scenario.ts';
import { NORMAL_CLIENTS, noErrors, type Stage, setStage, startNormal, stretch } from './stage.ts';
import { Watch } from './watch.ts';

const SLOW_CLIENTS = 1000;
const GETS = 100;
const VALUE_BYTES = 2 ** 20;
const ALONE_MS = 5000;
const CLOSED_MS = 15_000;
const WAIT_MS_MAX = 60_000;
const POLL_MS = 250;
/** Beyond these keyfan is killed, and a node closes the connection whose replies they are: together they must fit the machine. */
const MEMORY_MAX = 8 * 2 ** 30;
const NODE_REPLIES_MAX = '2gb';

/**
 * Clients that ask for 100 MiB each and read nothing of it, beside ordinary ones. Together that is 100 GB: what keyfan takes from the
 * clients at once, the nodes answer at once, and hold what keyfan has not read yet.
 */
export const slowReaders: Scenario = async ({ thinkMs, scale, print }) => {
  const count = Math.round(SLOW_CLIENTS * scale);
  const stage = await setStage({ nodes: 3, nodeArgs: ['--maxmemory-clients', NODE_REPLIES_MAX] });
  const normal = startNormal(stage, thinkMs);
  let slow: Child<Connections> | undefined;
  let watch: Watch | undefined;
  try {
    const keys = stage.nodes.flatMap((_, node) => stage.keysOn(node, 4, 'mebibyte'));
    for (const [i, key] of keys.entries()) await stage.nodes[Math.floor(i / 4)]?.call('SET', key, 'v'.repeat(VALUE_BYTES));
    await sleep(1000);
    normal.mark('alone');
    await sleep(ALONE_MS);
    const quiet = residentBytes(stage.keyfan.pid).now;
    watch = new Watch(stage.keyfan.pid, MEMORY_MAX);
    const send = keys.map((_, first) =>
      Array.from({ length: GETS }, (_, i) => encode(['GET', keys[(first + i) % keys.length] as string]).toString('latin1')).join(''),
    );
    print(`  ${count} clients ask for ${GETS} × ${mib(VALUE_BYTES)} each`);
    normal.mark('beside');
    const began = performance.now();
    slow = new Child('connections', { port: stage.keyfan.port, count, send, expect: '', deaf: true }, { givesWay: true });
    await slow.reached('ready', WAIT_MS_MAX);
    const closedMs = await untilClosed(stage, began);
    normal.mark('after');
    const besideMs = performance.now() - began;
    const left = closedMs === null ? await connections(stage) : NORMAL_CLIENTS;
    const peak = watch.stop();
    const evicted = await evictions(stage);
    await slow.stop();
    const stretches = await normal.stop();
    const [alone, beside] = [stretch(stretches, 'alone'), stretch(stretches, 'beside')];
    const limit = stage.config.limits.client_unsent;
    return [
      info('limit of unsent replies of a client', limit, mib(limit)),
      info('memory of keyfan before any client, and with ordinary ones', quiet, `${mib(stage.idleBytes)}, ${mib(quiet)}`),
      bytesAtMost(`peak memory of keyfan${watch.killed ? ' (killed there)' : ''}`, peak, stage.idleBytes + count * limit + 128 * 2 ** 20),
      closedWithin(closedMs, left),
      info('p99 of ordinary clients, nothing else running', alone.latency.p99Ms, ms(alone.latency.p99Ms)),
      timesAtMost('p99 beside the slow ones', beside.latency.p99Ms, alone.latency.p99Ms, 2),
      served(alone, beside, besideMs),
      noErrors('errors of ordinary clients', beside),
      none(`connections of keyfan that nodes closed, ${NODE_REPLIES_MAX} of replies waiting in one`, evicted),
    ];
  } finally {
    watch?.stop();
    slow?.kill();
    normal.kill();
    await stage.stop();
  }
};

/**
 * A client that waits sends nothing meanwhile: where all wait for seconds, few requests are slow ones, and the p99 does not tell. Their
 * number and the slowest do.
 */
function served(alone: Stretch, beside: Stretch, besideMs: number): Finding {
  const { count, maxMs } = beside.latency;
  const share = count / besideMs / (alone.latency.count / ALONE_MS);
  return info(
    'requests of ordinary clients answered meanwhile',
    count,
    `${count}, ${(share * 100).toFixed(0)} % of their rate alone, slowest ${ms(maxMs)}`,
  );
}

const connections = async ({ keyfan }: Stage): Promise<number> => (await keyfan.metrics()).sum('keyfan_connections', {});

async function evictions({ nodes }: Stage): Promise<number> {
  const stats = await Promise.all(nodes.map((node) => node.call('INFO', 'stats')));
  return stats.reduce<number>((sum, text) => sum + Number(/^evicted_clients:(\d+)/m.exec(String(text))?.[1] ?? 0), 0);
}

/** Milliseconds until only the ordinary clients were left; null where that did not come or keyfan was killed. */
async function untilClosed(stage: Stage, began: number): Promise<number | null> {
  try {
    // A scrape costs keyfan milliseconds, which is what is measured here: it is asked for only when nearly all must have gone.
    const gone = async () => {
      await sleep(POLL_MS);
      if (stage.keyfan.gone) return true;
      return openFiles(stage.keyfan.pid) < SLOW_CLIENTS / 4 && (await connections(stage)) <= NORMAL_CLIENTS;
    };
    await until(gone, 'slow readers to be closed', WAIT_MS_MAX);
  } catch {
    return null;
  }
  return stage.keyfan.gone ? null : performance.now() - began;
}

function closedWithin(closedMs: number | null, left: number): Finding {
  const measured = closedMs === null ? `${left} connections left after ${WAIT_MS_MAX / 1000} s, or keyfan gone` : ms(closedMs);
  return check(
    'all slow readers closed after',
    closedMs ?? Number.POSITIVE_INFINITY,
    measured,
    ms(CLOSED_MS),
    (closedMs ?? Infinity) <= CLOSED_MS,
  );
}
