import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { PROJECT_ROOT } from '../support/project.ts';
import { connectResp } from '../support/resp-client.ts';
import { until, within } from '../support/wait.ts';

const MAIN = join(PROJECT_ROOT, 'dist/src/main.js');

interface Demo {
  readonly daemon: Daemon;
  readonly port: number;
}

/** Should this test be killed, the demo is killed with it, and the demo's nodes end as they must. */
function launch(t: Test, dir: string): Daemon {
  const daemon = startDaemon(process.execPath, [MAIN, 'demo', '--dir', dir, '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0']);
  t.teardown(() => daemon.kill());
  return daemon;
}

async function startDemo(t: Test, dir: string): Promise<Demo> {
  // Last come, first served: it runs when every demo of this test has been killed.
  t.teardown(() => nodesGone(dir));
  const daemon = launch(t, dir);
  await until(
    () => {
      if (daemon.gone) throw new Error('it ended');
      return daemon.output().includes('Ctrl-C stops');
    },
    () => `the demo to be ready; it wrote:\n${daemon.output()}`,
    20_000,
  );
  return { daemon, port: Number(/endpoint +127\.0\.0\.1:(\d+)/.exec(daemon.output())?.[1]) };
}

/** The nodes (by their working directory) and their guards (by their command line). */
function processesOf(dir: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return (
        pid !== process.pid && line.includes('redis-server') && (line.includes(dir) || readlinkSync(`/proc/${pid}/cwd`).startsWith(dir))
      );
    } catch {
      return false;
    }
  });
}

const nodesGone = (dir: string) =>
  until(
    () => processesOf(dir).length === 0,
    () => `the nodes in ${dir} to end: ${processesOf(dir)}`,
    15_000,
  );

t.test('Ctrl-C stops all of it, and a second run finds the same data', async (t) => {
  const dir = t.testdir({});
  const keys = Array.from({ length: 30 }, (_, index) => `key:${index}`);

  const first = await startDemo(t, dir);
  t.ok(processesOf(dir).length >= 3, 'the nodes are there while it runs');
  const writer = await connectResp(first.port);
  for (const key of keys) t.equal((await writer.command('SET', key, `value of ${key}`)).text, '+OK\r\n');
  writer.close();
  first.daemon.signal('SIGINT');
  t.match(await within(first.daemon.exited, 'the demo to end', 20_000), 'exited with 0');
  t.same(processesOf(dir), [], 'no node outlives it');
  t.match(first.daemon.output(), 'data stay in');
  for (const name of ['node1', 'node2', 'node3'])
    t.match(readFileSync(join(dir, name, 'redis.log'), 'utf8'), /bye bye/, `${name} ended in good order`);

  const second = await startDemo(t, dir);
  const reader = await connectResp(second.port);
  for (const key of keys) t.match((await reader.command('GET', key)).text, `value of ${key}`, key);
  reader.close();
  second.daemon.signal('SIGTERM');
  t.match(await within(second.daemon.exited, 'the demo to end', 20_000), 'exited with 0');
  t.same(processesOf(dir), []);
});

t.test('killed without a chance, it still leaves no node behind', async (t) => {
  const dir = t.testdir({});
  const demo = await startDemo(t, dir);
  const writer = await connectResp(demo.port);
  await writer.command('SET', 'k', 'kept');
  await demo.daemon.kill();
  await nodesGone(dir);
  writer.close();

  const again = await startDemo(t, dir);
  const reader = await connectResp(again.port);
  t.equal((await reader.command('GET', 'k')).text, '$4\r\nkept\r\n');
  reader.close();
});

t.test('one directory, one demo', async (t) => {
  const dir = t.testdir({});
  await startDemo(t, dir);
  const second = launch(t, dir);
  t.match(await within(second.exited, 'the second demo to end'), 'exited with 1');
  t.match(second.output(), /runs already/);
});

t.test('the three things to try work when pasted', async (t) => {
  const demo = await startDemo(t, t.testdir({}));
  const commands = demo.daemon
    .output()
    .split('\n')
    .filter((line) => /^ {5}\S/.test(line))
    .map((line) => line.trim());
  t.equal(commands.length, 4);
  const outputs = commands.map((line) => execFileSync('sh', ['-c', line], { encoding: 'utf8', cwd: '/' }));
  t.equal(outputs[0], 'OK\nhello\n');
  t.equal(outputs[1], 'OK\n1\n2\n3\n4\n');
  t.match(outputs[2], /^red\tnode[123]\n {2}hashed part: red\n/);
  t.match(outputs[3], 'keyfan_requests_total{pool="demo",command="mset"} 1\n');
  t.match(outputs[3], 'keyfan_backend_up{pool="demo",node="node3"} 1\n');
});
