/**
 * npm run fuzz [-- --seconds N] [--seed S]: random bytes at the scanners, and at a live keyfan before three real nodes, round by
 * round until the time is over. Each round has a seed of its own, which is printed with a failure; `--seed` starts with it.
 */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { createProxy } from '../../src/index.ts';
import { startRedis, startRedisNodes } from '../support/redis.ts';
import { connectResp } from '../support/resp-client.ts';
import { until } from '../support/wait.ts';
import { answersAsRedis } from './exchange.ts';
import {
  inlineRequestsAreSplit,
  oddRepliesAreJudged,
  oddRequestsAreJudged,
  requestsAreRead,
  resp2RepliesAreFound,
  resp3RepliesAreFound,
} from './properties.ts';
import { besiege } from './siege.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } } });
const seconds = Number(values.seconds);
const firstSeed = Number(values.seed ?? Math.floor(Math.random() * 0x7fffffff));
if (!(seconds > 0) || !Number.isInteger(firstSeed)) throw new Error('usage: npm run fuzz -- [--seconds N] [--seed S]');
console.log(`seed ${firstSeed}, ${seconds} s`);

const [reference, nodes] = await Promise.all([startRedis(), startRedisNodes(3)]);
const proxy = createProxy({
  admin: { listen: '127.0.0.1:0' },
  pools: { fuzz: { listen: '127.0.0.1:0', strategy: 'ring', nodes: nodes.map(({ address }, i) => ({ name: `node-${i}`, address })) } },
});
await proxy.start();
const port = (proxy.address('fuzz') as { port: number }).port;
const adminPort = (proxy.adminAddress() as { port: number }).port;

const KEYS = Array.from({ length: 64 }, (_, i) => `key:${i}`);
await until(async () => {
  const client = await connectResp(port);
  const { value } = await client.command('MGET', ...KEYS);
  await client.close();
  return Array.isArray(value);
}, 'all nodes to be up');

async function forget(): Promise<void> {
  await Promise.all([reference, ...nodes].map((node) => node.call('FLUSHALL')));
}

const PROPERTIES: readonly (readonly [name: string, property: fc.IRawProperty<unknown>, runs: number])[] = [
  ['requests are read', requestsAreRead, 500],
  ['odd requests are judged', oddRequestsAreJudged, 500],
  ['RESP2 replies are found', resp2RepliesAreFound, 500],
  ['RESP3 replies are found', resp3RepliesAreFound, 500],
  ['odd replies are judged', oddRepliesAreJudged, 500],
  ['inline requests are split', inlineRequestsAreSplit, 1000],
  ['keyfan answers as Redis does', answersAsRedis({ redis: reference.port, keyfan: [port], prefix: '', forget }), 100],
  ['keyfan serves one client while others send anything', besiege(port, adminPort), 5],
] as unknown as readonly (readonly [string, fc.IRawProperty<unknown>, number])[];

/** A counterexample is made smaller for so long at most; no sound property takes that long. */
const SHRINK_MAX_MS = 60_000;

const REPORT_MAX = 20_000;

let failures = 0;
let cases = 0;
let round = 0;
try {
  for (const end = performance.now() + seconds * 1000; performance.now() < end && failures === 0; round++) {
    const seed = firstSeed + round;
    await forget();
    for (const [name, property, numRuns] of PROPERTIES) {
      const outcome = await fc.check(property, { seed, numRuns, interruptAfterTimeLimit: SHRINK_MAX_MS });
      cases += outcome.numRuns;
      if (!outcome.failed) continue;
      failures++;
      console.error(
        `FAILED: ${name}; again with --seed ${seed}\n${fc.defaultReportMessage(outcome as fc.RunDetails<unknown>)?.slice(0, REPORT_MAX)}`,
      );
    }
  }
} finally {
  await proxy.stop();
  await Promise.all([reference, ...nodes].map((node) => node.stop()));
}
console.log(`${round} rounds, ${cases} cases, ${failures} failures (seed ${firstSeed})`);
process.exitCode = failures === 0 && cases > 0 ? 0 : 1;
