import { setTimeout as sleep } from 'node:timers/promises';
import { residentBytes } from '../memory.ts';
import { Child } from './child.ts';
import { bytesAtMost, check, type Finding, info, mib, ms, timesAtMost } from './finding.ts';
import type { Stretch } from './load/normal.ts';
import type { Transferred } from './load/transfer.ts';
import type { Scenario } from './scenario.ts';
import { noErrors, type Stage, setStage, startNormal, stretch } from './stage.ts';
import { Watch } from './watch.ts';

const VALUE_BYTES = 512 * 2 ** 20;
const AT_ONCE = 4;
const ALONE_MS = 5000;
const TRANSFER_MS_MAX = 240_000;
/** Beyond it keyfan is killed. */
const MEMORY_MAX = 10 * 2 ** 30;

/** Large values go to the first of the nodes, so that clients of these and clients of the rest can be told apart. */
const NODES = 4;
const LARGE_NODES = 2;
const GROUPS = ['same nodes', 'other nodes'] as const;
const groupOf = (node: number): string => GROUPS[node < LARGE_NODES ? 0 : 1];

/**
 * SET and GET of the largest values there are, four at once, beside ordinary clients. The same transfer past keyfan, directly to
 * the nodes, tells how much of what the others feel is the machine's and the nodes' own: a node copies 512 MiB in one step.
 */
export const largeValues: Scenario = async ({ thinkMs, print }) => {
  const stage = await setStage({ nodes: NODES });
  const normal = startNormal(stage, thinkMs, groupOf);
  let watch: Watch | undefined;
  try {
    await sleep(1000);
    normal.mark('alone');
    await sleep(ALONE_MS);
    print(`  past keyfan: ${AT_ONCE} × SET and GET of ${mib(VALUE_BYTES)}`);
    normal.mark('direct');
    const direct = await transfer(stage, (node) => stage.nodes[node]?.port as number);
    normal.mark('between');
    await sleep(1000);
    const quiet = residentBytes(stage.keyfan.pid).now;
    watch = new Watch(stage.keyfan.pid, MEMORY_MAX);
    print('  the same through keyfan');
    normal.mark('through');
    const through = await transfer(stage, () => stage.keyfan.port);
    const peak = watch.stop();
    const stretches = await normal.stop();
    return [
      whole('past keyfan', direct),
      whole('through keyfan', through),
      info('memory of keyfan before any client, and with ordinary ones', quiet, `${mib(stage.idleBytes)}, ${mib(quiet)}`),
      bytesAtMost(`peak memory of keyfan${watch.killed ? ' (killed there)' : ''}`, peak, stage.idleBytes + 64 * 2 ** 20),
      ...GROUPS.flatMap((group) => latencies(stretches, group)),
    ];
  } finally {
    watch?.stop();
    normal.kill();
    await stage.stop();
  }
};

/** SETs, GETs and removes the values. */
async function transfer(stage: Stage, portOf: (node: number) => number): Promise<Transferred> {
  const places = Array.from({ length: AT_ONCE }, (_, i) => {
    const node = i % LARGE_NODES;
    return { node, key: stage.keysOn(node, AT_ONCE, 'large')[i] as string };
  });
  const connections = places.map(({ node, key }) => ({ port: portOf(node), key }));
  const child = new Child<Transferred>('transfer', { connections, bytes: VALUE_BYTES }, { givesWay: true });
  try {
    await Promise.race([child.result, sleep(TRANSFER_MS_MAX, undefined, { ref: false })]);
    return await child.stop();
  } finally {
    child.kill();
    for (const { node, key } of places) await stage.nodes[node]?.call('UNLINK', key);
  }
}

function whole(where: string, { sets, gets, seconds, errors }: Transferred): Finding {
  const measured = [`${sets} SET, ${gets} GET in ${seconds.toFixed(1)} s`, ...errors].join('; ');
  return check(`values there and back byte for byte, ${where}`, gets, measured, `${AT_ONCE} each`, sets === AT_ONCE && gets === AT_ONCE);
}

function latencies(stretches: readonly Stretch[], group: string): Finding[] {
  const p99 = (phase: string): number => stretch(stretches, phase, group).latency.p99Ms;
  const [alone, direct, through] = [p99('alone'), p99('direct'), p99('through')];
  return [
    info(`clients of the ${group}: p99 alone, beside the transfer past keyfan`, direct, `${ms(alone)}, ${ms(direct)}`),
    timesAtMost(`clients of the ${group}: p99 beside the transfer through keyfan, against alone`, through, alone, 2),
    timesAtMost(`clients of the ${group}: the same, against the transfer past keyfan`, through, direct, 2),
    noErrors(`clients of the ${group}: errors`, stretch(stretches, 'through', group)),
  ];
}
