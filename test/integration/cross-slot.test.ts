import t from 'tap';
import { startFleet } from '../support/fleet.ts';

const CROSSSLOT = "-CROSSSLOT Keys in request don't hash to the same slot\r\n";
/** Commands with several keys; A and B stand for keys, the replies are for {A: '1', B: '2'} of no particular type. */
const COMMANDS = [
  'SINTER A B',
  'SINTERCARD 2 A B',
  'SUNION A B',
  'SDIFF A B',
  'SINTERSTORE A B',
  'SUNIONSTORE A B',
  'SDIFFSTORE A B',
  'SMOVE A B x',
  'RENAME A B',
  'RENAMENX A B',
  'COPY A B',
  'MSETNX A 1 B 2',
  'BITOP AND A A B',
  'BITOP NOT A B',
  'LMOVE A B LEFT RIGHT',
  'RPOPLPUSH A B',
  'LMPOP 2 A B LEFT',
  'ZMPOP 2 A B MIN',
  'ZUNION 2 A B',
  'ZINTER 2 A B',
  'ZDIFF 2 A B',
  'ZINTERCARD 2 A B',
  'ZUNIONSTORE A 1 B',
  'ZINTERSTORE A 2 A B',
  'ZDIFFSTORE A 1 B',
  'ZRANGESTORE A B 0 -1',
  'PFCOUNT A B',
  'PFMERGE A B',
  'LCS A B',
  'SORT A STORE B',
  'GEORADIUS A 15 37 200 km STORE B',
  'GEORADIUS A 15 37 200 km STOREDIST B',
  'GEORADIUSBYMEMBER A m 200 km STORE B',
  'GEOSEARCHSTORE A B FROMLONLAT 15 37 BYRADIUS 1 km',
  'XREADGROUP GROUP g c STREAMS A B > >',
];

const fleet = await startFleet();
const client = await fleet.connect({ deadlineMs: 20_000 });
t.teardown(async () => {
  await client.close();
  await fleet.stop();
});

const requests = (a: string, b: string): string[][] =>
  COMMANDS.map((text) => text.split(' ').map((word) => (word === 'A' ? a : word === 'B' ? b : word)));

t.test('row 31: keys on different nodes: CROSSSLOT, and no node hears of it', async (t) => {
  const before = await Promise.all(fleet.nodes.map((node) => node.call('INFO', 'commandstats')));
  for (const request of requests(fleet.keyOn(0), fleet.keyOn(2))) {
    t.equal((await client.command(...request)).text, CROSSSLOT, request.join(' '));
  }
  const seen = await Promise.all(fleet.nodes.map((node) => node.call('INFO', 'commandstats')));
  const calls = (texts: unknown[]): string[] =>
    texts.map((text) =>
      String(text)
        .replace(/cmdstat_(info|ping).*\r\n/g, '')
        .replace(/usec.*/g, ''),
    );
  t.same(calls(seen), calls(before));
});

t.test('keys with one hash tag pass to their node', async (t) => {
  for (const request of requests('{tag}1', '{tag}2')) {
    const { text } = await client.command(...request);
    t.notMatch(text, /^-(CROSSSLOT|ERR keyfan|ERR unknown|ERR wrong number)/, request.join(' '));
  }
});

t.test('keys that happen to share a node pass, as with nutcracker', async (t) => {
  const [one, two] = [fleet.keyOn(1, 0), fleet.keyOn(1, 1)];
  t.equal((await client.command('MSETNX', one, 'v1', two, 'v2')).text, ':1\r\n');
  t.equal((await client.command('RENAME', one, two)).text, '+OK\r\n');
  t.equal((await client.command('GET', two)).text, '$2\r\nv1\r\n');
});

t.test('row 34: MSETNX is never split: all keys or none', async (t) => {
  await client.command('SET', '{nx}1', 'there');
  t.equal((await client.command('MSETNX', '{nx}2', 'x', '{nx}1', 'y')).text, ':0\r\n');
  t.equal((await client.command('EXISTS', '{nx}2')).text, ':0\r\n');
});
