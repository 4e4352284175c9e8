import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { STRATEGIES } from '../../src/routing/strategies/registry.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { PROJECT_ROOT } from '../support/project.ts';
import { type RedisNode, startRedisNodes } from '../support/redis.ts';
import { connectResp, type RespClient } from '../support/resp-client.ts';
import { until, within } from '../support/wait.ts';

const MAIN = join(PROJECT_ROOT, 'dist/src/main.js');

interface Running {
  readonly daemon: Daemon;
  readonly pools: Record<string, string>;
  readonly admin: string;
}

/** Starts the real command and waits for its line that says where it listens. */
async function startKeyfan(t: Test, args: readonly string[], env: Record<string, string> = {}): Promise<Running> {
  const daemon = startDaemon(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env } });
  t.teardown(() => daemon.kill());
  const line = await until(
    () => {
      if (daemon.gone) throw new Error(`it ended: ${daemon.output()}`);
      return daemon
        .output()
        .split('\n')
        .find((text) => text.includes('"keyfan is ready"'));
    },
    () => `keyfan to be ready; it wrote:\n${daemon.output()}`,
  );
  return { daemon, ...(JSON.parse(line) as { pools: Record<string, string>; admin: string }) };
}

async function client(t: Test, address: string): Promise<RespClient> {
  const opened = await connectResp(Number(address.split(':')[1]));
  t.teardown(() => opened.close());
  return opened;
}

async function nodes(t: Test, count: number): Promise<RedisNode[]> {
  const started = await startRedisNodes(count);
  t.teardown(() => Promise.all(started.map((node) => node.stop())));
  return started;
}

function configFile(t: Test, text: string): string {
  const path = join(t.testdir({}), 'keyfan.yaml');
  writeFileSync(path, text);
  return path;
}

async function command(args: readonly string[], env: Record<string, string> = {}): Promise<{ code: string; output: string }> {
  const daemon = startDaemon(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env } });
  const how = await within(daemon.exited, `keyfan ${args.join(' ')} to end`);
  return { code: /exited with (\d+)/.exec(how)?.[1] ?? how, output: daemon.output() };
}

t.test('without a file: flags are enough, SIGTERM ends it with 0', async (t) => {
  const backends = await nodes(t, 2);
  const flags = backends.flatMap((node) => ['--node', node.address]);
  const { daemon, pools } = await startKeyfan(t, ['--listen', '127.0.0.1:0', ...flags, '--strategy', 'slots']);
  const redis = await client(t, pools.default as string);
  t.equal((await redis.command('SET', 'k', 'v')).text, '+OK\r\n');
  t.equal((await redis.command('GET', 'k')).text, '$1\r\nv\r\n');
  daemon.signal('SIGTERM');
  t.match(await within(daemon.exited, 'keyfan to end'), 'exited with 0');
});

for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
  t.test(`${signal} answers what was accepted before it ends`, async (t) => {
    const [node] = await nodes(t, 1);
    const { daemon, pools } = await startKeyfan(t, ['--listen', '127.0.0.1:0', '--node', node?.address as string]);
    const redis = await client(t, pools.default as string);
    await redis.command('SET', 'k', 'v');
    await node?.pause();
    const reply = redis.command('GET', 'k');
    daemon.signal(signal);
    await until(() => daemon.output().includes('"draining"'), 'the drain to begin');
    node?.resume();
    t.equal((await reply).text, '$1\r\nv\r\n');
    t.match(await within(daemon.exited, 'keyfan to end'), 'exited with 0');
  });
}

t.test('a second signal does not wait', async (t) => {
  const [node] = await nodes(t, 1);
  const { daemon, pools } = await startKeyfan(t, ['--listen', '127.0.0.1:0', '--node', node?.address as string]);
  const redis = await client(t, pools.default as string);
  await redis.command('SET', 'k', 'v');
  await node?.pause();
  redis.command('GET', 'k').catch(() => {});
  daemon.signal('SIGINT');
  await until(() => daemon.output().includes('"draining"'), 'the drain to begin');
  daemon.signal('SIGINT');
  t.match(await within(daemon.exited, 'keyfan to end', 4000), 'exited with 1');
  node?.resume();
});

t.test('route names the node that really gets the key, for every strategy', async (t) => {
  const backends = await nodes(t, 3);
  const listed = backends.map((node, index) => `      - { name: n${index}, address: "${node.address}", weight: ${index + 1} }`).join('\n');
  const keys = Array.from({ length: 60 }, (_, index) => `user:${index}:{t${index % 40}}`);
  const keyed = [...STRATEGIES].filter(([, { placement }]) => placement === 'keyed').map(([name]) => name);
  for (const strategy of [...keyed, '{ type: ring, hash: fnv1a_64, hash_tag: "" }']) {
    const path = configFile(t, `pools:\n  p:\n    listen: 127.0.0.1:0\n    strategy: ${strategy}\n    nodes:\n${listed}\n`);
    const { daemon, pools } = await startKeyfan(t, ['-c', path]);
    const redis = await client(t, pools.p as string);
    for (const key of keys) t.equal((await redis.command('SET', key, strategy)).text, '+OK\r\n');
    const { code, output } = await command(['route', '-c', path, ...keys]);
    t.equal(code, '0');
    const told = new Map(
      output
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t') as [string, string]),
    );
    const found = new Map<string, string>();
    for (const [index, node] of backends.entries()) {
      for (const key of (await node.call('KEYS', '*')) as string[]) found.set(key, `n${index}`);
      await node.call('FLUSHALL');
    }
    t.same(Object.fromEntries(told), Object.fromEntries(found), strategy);
    daemon.signal('SIGTERM');
    t.match(await within(daemon.exited, 'keyfan to end'), 'exited with 0');
  }
});

t.test('the admin server follows the nodes, and /metrics counts what went through', async (t) => {
  const [node] = await nodes(t, 1);
  const pool = `{ listen: 127.0.0.1:0, nodes: [{ name: n1, address: "${node?.address}" }] }`;
  const path = configFile(t, `admin: { listen: "127.0.0.1:0" }\npools: { p: ${pool} }\n`);
  const { pools, admin } = await startKeyfan(t, ['-c', path]);
  const status = async (what: string) => (await fetch(`http://${admin}${what}`)).status;
  await until(async () => (await status('/readyz')) === 200, 'keyfan to be ready');
  t.equal(await status('/healthz'), 200);
  const redis = await client(t, pools.p as string);
  for (let i = 0; i < 5; i++) await redis.command('SET', 'k', String(i));
  const text = await (await fetch(`http://${admin}/metrics`)).text();
  t.match(text, 'keyfan_requests_total{pool="p",command="set"} 5\n');
  t.match(text, 'keyfan_backend_up{pool="p",node="n1"} 1\n');
  t.match(text, 'keyfan_request_duration_seconds_count{pool="p"} 5\n');
  t.match(text, 'keyfan_connections{pool="p"} 1\n');
  t.match(text, 'keyfan_backend_desync_total{pool="p",node="n1"} 0\n');
  await node?.kill();
  await until(async () => (await status('/readyz')) === 503, 'the loss of the only node to show');
  t.equal(await status('/healthz'), 200, 'the process itself is well');
  await node?.restart();
  await until(async () => (await status('/readyz')) === 200, 'keyfan to be ready again');
});

t.test('exit codes of the real command', async (t) => {
  t.match(await command(['--version']), { code: '0', output: /^\d+\.\d+\.\d+/ });
  t.match(await command(['nonsense']), { code: '2' });
  t.match(await command(['check', '-c', configFile(t, 'pools: 5')]), {
    code: '78',
    output: /keyfan\.yaml:1:8 pools: must be a map of keys/,
  });
  t.match(await command(['-c', configFile(t, 'pools: {}')]), { code: '78' });
  const [node] = await nodes(t, 1);
  t.match(await command(['--listen', node?.address as string, '--node', '127.0.0.1:1']), { code: '69', output: /the address is in use/ });
});

t.test('secrets do not reach the log', async (t) => {
  const [node] = await nodes(t, 1);
  const pool = `{ listen: 127.0.0.1:0, nodes: ["${node?.address}"], password: "\${NODE_PW}", client_password: "\${CLIENT_PW}" }`;
  const path = configFile(t, `log: { level: debug }\npools: { p: ${pool} }\n`);
  const { daemon, pools } = await startKeyfan(t, ['-c', path], { NODE_PW: 'hunter2node', CLIENT_PW: 'hunter2client' });
  const redis = await client(t, pools.p as string);
  t.match((await redis.command('GET', 'k')).text, /^-NOAUTH/);
  t.match((await redis.command('AUTH', 'wrong-hunter2')).text, /^-WRONGPASS/);
  t.equal((await redis.command('AUTH', 'hunter2client')).text, '+OK\r\n');
  await redis.command('GET', 'k');
  daemon.signal('SIGTERM');
  await within(daemon.exited, 'keyfan to end');
  t.notMatch(daemon.output(), /hunter2/);
});
