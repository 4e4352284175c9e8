import { setTimeout as sleep } from 'node:timers/promises';
import { residentBytes } from '../memory.ts';
import { Child } from './child.ts';
import { bytesAtMost, check, type Finding, info, kib, mib, ms } from './finding.ts';
import type { Connections } from './load/connections.ts';
import type { Scenario, ScenarioOptions } from './scenario.ts';
import { setStage } from './stage.ts';
import { Watch } from './watch.ts';

const IDLE = 10_000;
const DECLARING = 1000;
/** Sockets of keyfan's beside those of clients. */
const FILES_BESIDE = 200;
const READY_MS = 60_000;
const MEMORY_MAX = 8 * 2 ** 30;
const TIMEOUT = { value: '5s', ms: 5000 } as const;
/** A timeout is looked at now and then. */
const TIMEOUT_SLACK_MS = 5000;
const PING = '*1\r\n$4\r\nPING\r\n';
const DECLARATIONS = ['*1048576\r\n', '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n'];

/** What a connection costs that does nothing, and one that says how much it is going to send and then sends nothing. */
export const idleConnections: Scenario = async (options) => [...(await idle(options)), ...(await declaring(options))];

async function idle({ scale, print }: ScenarioOptions): Promise<Finding[]> {
  const count = Math.round(IDLE * scale);
  const stage = await setStage({ nodes: 3, keyfan: { files: count + FILES_BESIDE } });
  const watch = new Watch(stage.keyfan.pid, MEMORY_MAX);
  const child = new Child<Connections>('connections', { port: stage.keyfan.port, count, send: [PING], expect: '+PONG\r\n', deaf: false });
  try {
    print(`  ${count} connections send one PING each`);
    await child.reached('ready', READY_MS);
    await sleep(1000);
    const { now } = residentBytes(stage.keyfan.pid);
    const peak = watch.stop();
    const { answered, refused } = await child.stop();
    return [
      check('idle connections open', answered, `${answered}, refused ${refused}`, String(count), answered === count),
      info('memory of keyfan before them and with them', now, `${mib(stage.idleBytes)}, ${mib(now)}, at most ${mib(peak)}`),
      bytesAtMost('memory for each idle connection', (now - stage.idleBytes) / count, 16 * 1024, kib),
    ];
  } finally {
    watch.stop();
    child.kill();
    await stage.stop();
  }
}

async function declaring({ scale, print }: ScenarioOptions): Promise<Finding[]> {
  const count = Math.round(DECLARING * scale);
  const stage = await setStage({
    nodes: 3,
    timeouts: { client_request: TIMEOUT.value },
    keyfan: { files: count + FILES_BESIDE },
  });
  const watch = new Watch(stage.keyfan.pid, MEMORY_MAX);
  const child = new Child<Connections>('connections', { port: stage.keyfan.port, count, send: DECLARATIONS, expect: '', deaf: false });
  try {
    print(`  ${count} connections declare a large request and stop`);
    await child.reached('ready', READY_MS);
    await Promise.race([child.reached('closed', READY_MS).catch(() => {}), sleep(TIMEOUT.ms + TIMEOUT_SLACK_MS)]);
    const peak = watch.stop();
    const { opened, closed, lastClosedMs } = await child.stop();
    return [
      check('declaring connections open', opened, String(opened), String(count), opened === count),
      info('memory of keyfan before them and its peak', peak, `${mib(stage.idleBytes)}, ${mib(peak)}`),
      bytesAtMost('memory for each declaring connection', (peak - stage.idleBytes) / count, 64 * 1024, kib),
      check(
        `declaring connections closed by timeouts.client_request (${TIMEOUT.value})`,
        closed,
        closed === 0 ? '0' : `${closed}, the last after ${ms(lastClosedMs)}`,
        `${count} within ${ms(TIMEOUT.ms + TIMEOUT_SLACK_MS)}`,
        closed === count,
      ),
    ];
  } finally {
    watch.stop();
    child.kill();
    await stage.stop();
  }
}
