import t from 'tap';
import { startFleet } from '../support/fleet.ts';
import { startRedis } from '../support/redis.ts';
import { connectResp } from '../support/resp-client.ts';

/** `{t}` is the node of all keys. */
const TAGGED = [
  'FLUSHALL',
  'RPUSH {t}l 3 1 2',
  'MSET {t}w_1 3 {t}w_2 2 {t}w_3 1',
  'HSET {t}h_1 f one',
  'SORT {t}l BY {t}w_*',
  'SORT {t}l BY {t}w_* DESC GET {t}w_* GET # GET {t}h_*->f',
  'SORT_RO {t}l BY {t}w_* LIMIT 0 1',
  'SORT {t}l BY {t}w_* STORE {t}d',
  'LRANGE {t}d 0 -1',
  'SORT {t}l BY nosort GET nostar',
];

const plain = await startRedis();
t.teardown(() => plain.stop());

for (const strategy of ['ring', 'modulo', 'slots'] as const) {
  t.test(`SORT by keys that a tag keeps on the node, ${strategy}`, async (t) => {
    const fleet = await startFleet({ strategy });
    const [ours, theirs] = await Promise.all([fleet.connect(), connectResp(plain.port)]);
    for (const request of TAGGED) {
      const [mine, wanted] = await Promise.all([ours, theirs].map((client) => client.command(...request.split(' '))));
      t.equal(mine?.text, wanted?.text, request);
    }
    const [a, b] = [0, 1].map((node) => fleet.keyOn(node));
    const refused = /^-ERR keyfan: 'sort' with (BY|GET) pattern is not supported: .* hash tag/;
    for (const request of [`SORT ${a} BY {${b}}*`, `SORT ${a} GET {${a}}* GET {${b}}*`, `SORT ${a} BY *{${a}}`, `SORT ${a} BY w_*`]) {
      t.match((await ours.command(...request.split(' '))).text, refused, request);
    }
    const replies = await ours.pipeline([['MULTI'], ['SORT', '{t}l', 'BY', '{t}w_*'], ['SORT', '{t}l', 'BY', 'w_*'], ['EXEC']]);
    t.equal(replies[1]?.text, '+QUEUED\r\n');
    t.match(replies[2]?.text, refused);
    await Promise.all([ours.close(), theirs.close()]);
    await fleet.stop();
  });
}

t.test('any pattern where one node has all keys', async (t) => {
  for (const options of [{ nodes: 1 }, { nodes: 2, strategy: 'random' }] as const) {
    const fleet = await startFleet(options);
    const client = await fleet.connect();
    t.equal((await client.command('SORT', 'l', 'BY', 'w_*', 'GET', 'o_*')).text, '*0\r\n', JSON.stringify(options));
    await client.close();
    await fleet.stop();
  }
});
