import t from 'tap';
import { healthy, startFleet } from '../support/fleet.ts';
import { encode } from '../support/resp.ts';
import { gate, startScriptedNode } from '../support/scripted-node.ts';
import { until } from '../support/wait.ts';

t.test('replies of one connection keep the order of its requests, whatever the nodes do', async (t) => {
  const fleet = await startFleet();
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 20_000 });
  const commands = Array.from({ length: 5000 }, (_, i) => {
    const key = fleet.keyOn((i * 7) % 3, i % 11);
    return [['SET', key, String(i)], ['GET', key], ['ECHO', String(i)], ['DEL', key, fleet.keyOn((i + 1) % 3, 20)], ['nosuch']][
      i % 5
    ] as string[];
  });
  const replies = await client.pipeline(commands);
  const kinds = replies.map(
    ({ text }, i) => ['+OK', '$', `$${String(i).length}\r\n${i}`, ':', '-ERR unknown'].map((start) => text.startsWith(start))[i % 5],
  );
  t.equal(kinds.indexOf(false), -1);
  await client.close();
  await fleet.conserved();
});

t.test('a slow node delays only the replies behind it', async (t) => {
  const slow = gate();
  const node = await startScriptedNode(
    healthy(async () => {
      await slow.promise;
      return '+slow\r\n';
    }),
  );
  const quick = await startScriptedNode(healthy((request) => `+quick ${request.args[1]}\r\n`));
  const fleet = await startFleet({ addresses: [node.address, quick.address] });
  t.teardown(() => Promise.all([fleet.stop(), node.stop(), quick.stop()]));
  const [slowKey, quickKey] = [fleet.keyOn(0), fleet.keyOn(1)];
  const [client, other] = await Promise.all([fleet.connect(), fleet.connect()]);

  client.send(Buffer.concat([['GET', quickKey], ['GET', slowKey], ['GET', quickKey], ['PING']].map(encode)));
  t.equal((await client.read(1))[0]?.text, `+quick ${quickKey}\r\n`, 'before the slow one: at once');
  await node.waitRequests(2);
  await until(() => quick.requests.filter((request) => request.args[0] === 'GET').length === 2, 'the quick node to have both requests');

  for (let i = 0; i < 50; i++)
    t.equal((await other.command('GET', quickKey)).text, `+quick ${quickKey}\r\n`, 'another client does not wait');
  t.equal(client.received().length, `+quick ${quickKey}\r\n`.length, 'behind the slow one: nothing yet');

  slow.open();
  t.same(
    (await client.read(3)).map((reply) => reply.text),
    ['+slow\r\n', `+quick ${quickKey}\r\n`, '+PONG\r\n'],
  );
  await Promise.all([client.close(), other.close()]);
  await fleet.conserved();
});

t.test('replies held behind a slow one: large and small, in order, from several nodes', async (t) => {
  const slow = gate();
  const sizes = (args: readonly string[]): number => Number(args[2] ?? 0);
  const node = await startScriptedNode(
    healthy(async () => {
      await slow.promise;
      return '+slow\r\n';
    }),
  );
  const bulk = (size: number): string => `$${size}\r\n${'x'.repeat(size)}\r\n`;
  const quick = await startScriptedNode(healthy((request) => bulk(sizes(request.args))));
  const fleet = await startFleet({ addresses: [node.address, quick.address], pool: { limits: { client_unsent: '8mb' } } });
  t.teardown(() => Promise.all([fleet.stop(), node.stop(), quick.stop()]));
  const client = await fleet.connect({ deadlineMs: 20_000 });
  const wanted = ['+slow\r\n'];
  const requests = [['GET', fleet.keyOn(0)]];
  for (const [i, size] of Array.from({ length: 60 }, (_, n) => [n, (n % 6) * 7919 + n] as const)) {
    requests.push(i % 10 === 9 ? ['PING', String(i)] : ['APPEND', fleet.keyOn(1), String(size)]);
    wanted.push(i % 10 === 9 ? `$${String(i).length}\r\n${i}\r\n` : bulk(size));
  }
  client.send(Buffer.concat(requests.map(encode)));
  await until(() => quick.requests.filter((request) => request.args[0] === 'APPEND').length === 54, 'all quick requests');
  t.equal(client.received().length, 0);
  slow.open();
  const replies = await client.read(wanted.length);
  t.equal(replies.map((reply) => reply.text).join(''), wanted.join(''));
  await client.close();
  await fleet.conserved();
});

t.test('row 25: one dead node holds up a pipelined client only until its timeout, other clients not at all', async (t) => {
  const fleet = await startFleet({ pool: { timeouts: { request: '300ms' } } });
  t.teardown(() => fleet.stop());
  const [client, other] = await Promise.all([fleet.connect({ deadlineMs: 20_000 }), fleet.connect()]);
  await fleet.nodes[0]?.pause();
  const pending = client.pipeline([
    ['SET', fleet.keyOn(1), '1'],
    ['SET', fleet.keyOn(0), '0'],
    ['SET', fleet.keyOn(2), '2'],
    ['GET', fleet.keyOn(1)],
  ]);
  for (let i = 0; i < 20; i++) t.equal((await other.command('SET', fleet.keyOn(1, 1), String(i))).text, '+OK\r\n');
  const texts = (await pending).map((reply) => reply.text);
  t.match(texts, ['+OK\r\n', /^-ERR keyfan: node a did not answer in time; the command may have been executed/, '+OK\r\n', '$1\r\n1\r\n']);
  t.match(
    (await client.command('SET', fleet.keyOn(0), '0')).text,
    /^-ERR keyfan: node a is down; the command was not executed/,
    'at once now',
  );
  fleet.nodes[0]?.resume();
  await fleet.waitNode(0, 'up');
  t.equal((await client.command('GET', fleet.keyOn(0))).value, '0', 'the late write was done, its reply dropped');
  await fleet.conserved();
});
