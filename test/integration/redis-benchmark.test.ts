import { spawn } from 'node:child_process';
import t from 'tap';
import { createProxy } from '../../src/index.ts';
import { REDIS_BENCHMARK, startRedisNodes } from '../support/redis.ts';

/** A proxy has no CONFIG; redis-benchmark says so once and goes on. */
const KNOWN = /Could not fetch server CONFIG/;
const COMPLAINT = /error|\bERR\b|WRONG|NOPROTO|CROSSSLOT|NOAUTH|disconnected|closed the connection/i;
const RESULT = /^(.+): ([\d.]+) requests per second/;

interface Run {
  readonly code: number | null;
  /** Progress lines, which redis-benchmark overwrites on a terminal, left out. */
  readonly lines: readonly string[];
  /** Names of the tests that ran to their end. */
  readonly tests: readonly string[];
}

async function benchmark(port: number, ...args: readonly string[]): Promise<Run> {
  const child = spawn(REDIS_BENCHMARK, ['-h', '127.0.0.1', '-p', String(port), '-n', '2000', '-q', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('latin1');
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const lines = output
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/: rps=/.test(line));
  return { code, lines, tests: lines.flatMap((line) => RESULT.exec(line)?.[1] ?? []) };
}

const complaints = ({ lines }: Run): string[] => lines.filter((line) => COMPLAINT.test(line) && !KNOWN.test(line));

const nodes = await startRedisNodes(3);
t.teardown(() => Promise.all(nodes.map((node) => node.stop())));
const proxy = createProxy({ pools: { cache: { listen: '127.0.0.1:0', strategy: 'ring', nodes: nodes.map((node) => node.address) } } });
await proxy.start();
t.teardown(() => proxy.stop());
const endpoint = proxy.address('cache');
const port = (endpoint as { port: number }).port;
/** What the list is, from redis-benchmark itself against a node. */
const direct = await benchmark((nodes[0] as { port: number }).port);

t.test('against a node itself: the list to hold to, and complaints are seen', async (t) => {
  t.strictSame(complaints(direct), []);
  t.ok(direct.tests.length > 15, `${direct.tests.length} tests: ${direct.tests.join(', ')}`);
  for (const name of ['PING_INLINE', 'PING_MBULK', 'SPOP', 'ZPOPMIN', 'MSET (10 keys)']) t.ok(direct.tests.includes(name), name);
  const wrong = await benchmark((nodes[0] as { port: number }).port, 'LPUSH', 'counter:__rand_int__');
  t.not(complaints(wrong).length, 0, 'an error reply is found in the output');
});

for (const args of [[], ['-P', '16', '-r', '1000'], ['-d', '4096', '-n', '100']]) {
  t.test(`the whole list through keyfan ${args.join(' ')}`, async (t) => {
    const run = await benchmark(port, ...args);
    t.equal(run.code, 0);
    t.strictSame(complaints(run), []);
    t.strictSame(run.tests, direct.tests, 'every test ran to its end');
  });
}

t.test('the keys are spread', async (t) => {
  for (const node of nodes) t.ok(((await node.call('DBSIZE')) as number) > 100, `${node.address} holds keys`);
});
