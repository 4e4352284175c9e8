import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasNutcracker, startNutcracker } from '../../test/support/nutcracker.ts';
import { connectResp } from '../../test/support/resp-client.ts';
import { Child } from './child.ts';
import { check, type Finding, info, ms } from './finding.ts';
import type { Summary } from './load/latencies.ts';
import { MIXED_FILL, type Mixed } from './load/mixed.ts';
import { readStall, STALL_FILE } from './load/stall.ts';
import type { Scenario } from './scenario.ts';
import { type Stage, setStage } from './stage.ts';

const LOAD_MS = 10_000;
const WARM_UP_MS = 3000;
const STALL_MAX_MS = 20;
const METER = new URL('./load/stall-meter.js', import.meta.url).href;

/**
 * The longest turn of keyfan's event loop under a bit of everything. keyfan's own metric of it is as coarse as its timer, 10 ms; a
 * finer one is loaded beside it. From outside, a client that sends PING all the time sees what others see, the machine's own
 * waits included: the same client at a nutcracker and at a node under the same load shows how much these are.
 */
export const mixedStall: Scenario = async ({ print }) => {
  const dir = await mkdtemp(join(tmpdir(), 'keyfan-stall-'));
  const file = join(dir, 'stall.json');
  const stage = await setStage({ nodes: 3, keyfan: { nodeArgs: ['--import', METER], env: { [STALL_FILE]: file } } });
  try {
    await fill(stage.keyfan.port);
    print('  mixed load on keyfan');
    const lagMs = async (): Promise<number> => (await stage.keyfan.metrics()).sum('nodejs_eventloop_lag_max_seconds') * 1000;
    await under(stage.keyfan.port, WARM_UP_MS);
    await lagMs();
    await readStall(stage.keyfan.pid, file);
    const outside = await under(stage.keyfan.port, LOAD_MS);
    const stall = await readStall(stage.keyfan.pid, file);
    const lag = await lagMs();
    return [
      check('longest stall of the event loop', stall.maxMs, ms(stall.maxMs), `at most ${STALL_MAX_MS} ms`, stall.maxMs <= STALL_MAX_MS),
      info('p99 of its turns, as a timer of 1 ms sees them', stall.p99Ms, ms(stall.p99Ms)),
      info("keyfan's metric nodejs_eventloop_lag_max_seconds, with its timer of 10 ms", lag, ms(lag)),
      seen('keyfan', outside),
      ...(await others(stage, print)),
    ];
  } finally {
    await stage.stop();
    await rm(dir, { recursive: true, force: true });
  }
};

interface Outside {
  readonly probe: Summary;
  readonly load: Mixed;
}

function seen(where: string, { probe: { p50Ms, p99Ms, maxMs }, load }: Outside): Finding {
  const measured = `p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}, slowest ${ms(maxMs)}; answered meanwhile ${JSON.stringify(load)}`;
  return info(`PING at ${where} under that load`, maxMs, measured);
}

async function others({ nodes }: Stage, print: (line: string) => void): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (hasNutcracker) {
    print('  mixed load on nutcracker');
    const servers = nodes.map(({ address }) => `${address}:1`);
    const pool = { listen: '127.0.0.1:{port}', redis: true, hash: 'murmur', distribution: 'ketama', preconnect: true, servers };
    const nutcracker = await startNutcracker(JSON.stringify({ pool }));
    try {
      await fill(nutcracker.port);
      findings.push(seen('nutcracker', await under(nutcracker.port, LOAD_MS)));
    } finally {
      await nutcracker.stop();
    }
  }
  print('  mixed load on one node directly');
  const port = nodes[0]?.port as number;
  await fill(port);
  findings.push(seen('one node directly', await under(port, LOAD_MS)));
  return findings;
}

async function fill(port: number): Promise<void> {
  const client = await connectResp(port);
  await client.command('DEL', 'list');
  await client.pipeline(MIXED_FILL);
  await client.close();
}

async function under(port: number, forMs: number): Promise<Outside> {
  const load = new Child<Mixed>('mixed', { port });
  const probe = new Child<Summary>('probe', { port });
  try {
    await load.reached('started', 10_000);
    await Promise.race([sleep(forMs), load.result, probe.result]);
    return { probe: await probe.stop(), load: await load.stop() };
  } finally {
    load.kill();
    probe.kill();
  }
}
