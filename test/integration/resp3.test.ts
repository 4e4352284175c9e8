import { Redis } from 'ioredis';
import { createClient } from 'redis';
import t from 'tap';
import { NODE_NAMES, startFleet } from '../support/fleet.ts';
import { startRedis } from '../support/redis.ts';
import { connectResp, type RespClient } from '../support/resp-client.ts';

const [fleet, single, plain] = await Promise.all([startFleet(), startFleet({ nodes: 1 }), startRedis()]);
t.teardown(() => Promise.all([fleet.stop(), single.stop(), plain.stop()]));

const [a, b, c] = NODE_NAMES.slice(0, 3).map((_, node) => fleet.keyOn(node)) as [string, string, string];

async function inResp3(port: number): Promise<RespClient> {
  const client = await connectResp(port);
  await client.command('HELLO', '3');
  return client;
}

/** Requests whose replies look different in RESP3, or are made by keyfan itself. */
const REQUESTS = [
  'HELLO 3|HELLO|HELLO 3 SETNAME me|CLIENT GETNAME|CLIENT SETNAME x|CLIENT GETNAME',
  'HSET h f 1 g 2|HGETALL h|CONFIG GET|HGET h none',
  'ZADD z 1.5 a 2 b|ZSCORE z a|ZRANGE z 0 -1 WITHSCORES|ZMSCORE z a q|ZPOPMIN z|GEOADD g 13.3 38.1 p|GEOPOS g p q',
  'SADD s 1|SMEMBERS s|GET none|MGET none h|GETRANGE none 0 1|BLPOP|XADD st 1-1 f v|XRANGE st - +|XINFO STREAM st',
  'COMMAND INFO get set nosuch|COMMAND COUNT x|COMMAND DOCS get set nosuch|COMMAND GETKEYSANDFLAGS set a b',
  'LCS a b IDX|SET a abcd|SET b xbcy|LCS a b IDX|TYPE a|INFO nosuch|INCRBYFLOAT fl 1.5|OBJECT HELP',
  'HELLO 4|HELLO x|HELLO 2|GET none|HGETALL h|HELLO 3|RESET|GET none|HGETALL h',
];

/** Without what differs between two servers: ids of clients. */
const comparable = (text: string): string => text.replace(/\$2\r\nid\r\n:\d+/, '');

t.test('a single node: byte for byte what Redis says', async (t) => {
  for (const line of REQUESTS) {
    const [ours, theirs] = await Promise.all([inResp3(single.port), inResp3(plain.port)]);
    for (const request of line.split('|')) {
      const [mine, wanted] = await Promise.all([ours.command(...request.split(' ')), theirs.command(...request.split(' '))]);
      if (request.startsWith('CONFIG') || request.startsWith('BLPOP')) continue;
      t.equal(comparable(mine.text), comparable(wanted.text), request);
    }
    await Promise.all([ours.close(), theirs.close()]);
  }
});

t.test('split commands over all nodes, in the version of the session', async (t) => {
  const [three, two] = await Promise.all([inResp3(fleet.port), fleet.connect()]);
  t.equal((await three.command('MSET', a, '1', c, '3')).text, '+OK\r\n');
  t.equal((await three.command('MGET', a, b, c, b)).text, '*4\r\n$1\r\n1\r\n_\r\n$1\r\n3\r\n_\r\n');
  t.equal((await two.command('MGET', a, b, c, b)).text, '*4\r\n$1\r\n1\r\n$-1\r\n$1\r\n3\r\n$-1\r\n');
  t.equal((await three.command('EXISTS', a, b, c)).text, ':2\r\n');
  await Promise.all([three.close(), two.close()]);
});

t.test('a switch in the middle of a pipeline: each reply in the version its request was sent in', async (t) => {
  const client = await fleet.connect();
  const replies = await client.pipeline([
    ['GET', 'none'],
    ['HELLO', '3'],
    ['GET', 'none'],
    ['MGET', a, 'none'],
    ['HELLO', '2'],
    ['GET', 'none'],
    ['HELLO', '3'],
    ['RESET'],
    ['GET', 'none'],
  ]);
  const kinds = replies.map(({ text }) => text.slice(0, 2));
  t.same(kinds, ['$-', '%7', '_\r', '*2', '*1', '$-', '%7', '+R', '$-']);
  await client.close();
});

t.test('HELLO 3 with credentials, and none before them', async (t) => {
  const guarded = await startFleet({ nodes: 1, pool: { client_password: 'sesame' } });
  const client = await guarded.connect();
  t.match((await client.command('HELLO', '3')).text, /^-NOAUTH HELLO must be called/);
  t.match((await client.command('HELLO', '3', 'AUTH', 'default', 'wrong')).text, /^-WRONGPASS/);
  t.match((await client.command('HELLO', '3', 'AUTH', 'default', 'sesame', 'SETNAME', 'app')).text, /^%7\r\n/);
  t.equal((await client.command('GET', 'none')).text, '_\r\n');
  await client.close();
  await guarded.stop();
});

t.test('ioredis and node-redis with their defaults', async (t) => {
  const [io, node] = [new Redis(fleet.port), createClient({ url: `redis://127.0.0.1:${fleet.port}`, RESP: 3 })];
  await node.connect();
  await io.hset('hash', { x: '1' });
  t.same(await io.hgetall('hash'), { x: '1' });
  t.same({ ...(await node.hGetAll('hash')) }, { x: '1' });
  await node.zAdd('scores', [{ value: 'm', score: 1.5 }]);
  t.equal(await node.zScore('scores', 'm'), 1.5);
  t.same(await node.mGet([a, 'none']), ['1', null]);
  io.disconnect();
  await node.close();
});
