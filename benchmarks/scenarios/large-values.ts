import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from './child.ts';
import { bytesAtMost, check, type Finding, info, mib, ms, timesAtMost } from './finding.ts';
import type { Transferred } from './load/transfer.ts';
import { residentBytes, Watch } from './memory.ts';
import type { Scenario } from './scenario.ts';
import { noErrors, setStage, startNormal, stretch } from './stage.ts';

const VALUE_BYTES = 512 * 2 ** 20;
const AT_ONCE = 4;
const ALONE_MS = 5000;
const TRANSFER_MS_MAX = 240_000;
/** Beyond it keyfan is killed. */
const MEMORY_MAX = 10 * 2 ** 30;

/**
 * SET and GET of the largest values there are, four at once, beside ordinary clients. The same transfer past keyfan, directly to
 * the nodes, tells how much of what the others feel is the machine's.
 */
export const largeValues: Scenario = async ({ thinkMs, print }) => {
  const stage = await setStage({ nodes: 3 });
  const normal = startNormal(stage, thinkMs);
  const watches: Watch[] = [];
  try {
    await sleep(1000);
    normal.mark('alone');
    await sleep(ALONE_MS);
    const places = Array.from({ length: AT_ONCE }, (_, i) => {
      const node = i % stage.nodes.length;
      return { node, key: stage.keysOn(node, AT_ONCE, 'large')[i] as string };
    });
    const transfer = async (phase: string, portOf: (node: number) => number): Promise<Transferred> => {
      print(`  ${phase}: ${AT_ONCE} × SET and GET of ${mib(VALUE_BYTES)}`);
      normal.mark(phase);
      const connections = places.map(({ node, key }) => ({ port: portOf(node), key }));
      const child = new Child<Transferred>('transfer', { connections, bytes: VALUE_BYTES, rounds: 1 });
      await Promise.race([child.result.catch(() => {}), sleep(TRANSFER_MS_MAX, undefined, { ref: false })]);
      normal.mark('between');
      for (const { node, key } of places) await stage.nodes[node]?.call('UNLINK', key);
      return child.stop();
    };
    const direct = await transfer('direct', (node) => stage.nodes[node]?.port as number);
    await sleep(1000);
    const quiet = residentBytes(stage.keyfan.pid).now;
    watches.push(new Watch(stage.keyfan.pid, MEMORY_MAX));
    const through = await transfer('through keyfan', () => stage.keyfan.port);
    const watch = watches[0] as Watch;
    const peak = watch.stop();
    const stretches = await normal.stop();
    const p99 = (phase: string): number => stretch(stretches, phase).latency.p99Ms;
    const done = (what: string, { sets, gets, seconds, errors }: Transferred): Finding =>
      check(
        `values that came back byte for byte, ${what}`,
        gets,
        `${sets} SET, ${gets} GET in ${seconds.toFixed(1)} s${errors.length === 0 ? '' : `; ${errors.join('; ')}`}`,
        `${AT_ONCE} SET, ${AT_ONCE} GET`,
        sets === AT_ONCE && gets === AT_ONCE,
      );
    return [
      done('direct', direct),
      done('through keyfan', through),
      info('memory of keyfan before any client, and with ordinary ones', quiet, `${mib(stage.idleBytes)}, ${mib(quiet)}`),
      bytesAtMost(`peak memory of keyfan${watch.killed ? ' (killed there)' : ''}`, peak, stage.idleBytes + 64 * 2 ** 20),
      info('p99 of ordinary clients, nothing else running', p99('alone'), ms(p99('alone'))),
      info('p99 beside the transfer past keyfan', p99('direct'), `${ms(p99('direct'))} = ${(p99('direct') / p99('alone')).toFixed(2)}×`),
      timesAtMost('p99 beside the transfer through keyfan', p99('through keyfan'), p99('alone'), 2),
      info('the same against the transfer past keyfan', p99('through keyfan'), `${(p99('through keyfan') / p99('direct')).toFixed(2)}×`),
      noErrors('errors of ordinary clients', stretch(stretches, 'through keyfan')),
    ];
  } finally {
    for (const watch of watches) watch.stop();
    normal.kill();
    await stage.stop();
  }
};
