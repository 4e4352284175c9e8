import t from 'tap';
import { createProxy } from '../../src/index.ts';
import { startRedis } from '../support/redis.ts';
import { connectResp } from '../support/resp-client.ts';

t.test('names of nodes in any script: whole in errors, and known to INFO NODE', async (t) => {
  // In UTF-16 the low bytes of some of these are CR and LF.
  const names = ['čtvrtý', '上海', '不动', 'zürich'];
  const up = await startRedis();
  const proxy = createProxy({
    pools: {
      p: {
        listen: '127.0.0.1:0',
        strategy: 'modulo',
        nodes: [{ name: 'here', address: up.address }, ...names.map((name, i) => ({ name, address: `127.0.0.1:${i + 1}` }))],
      },
    },
  });
  await proxy.start();
  t.teardown(() => Promise.all([proxy.stop(), up.stop()]));
  const client = await connectResp((proxy.address('p') as { port: number }).port);
  const utf8 = (text: string): string => Buffer.from(text, 'latin1').toString();
  const seen = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const { text } = await client.command('SET', `k${i}`, 'v');
    seen.add(text === '+OK\r\n' ? 'here' : (/^-ERR keyfan: (?:node|connection to node) (\S+) /.exec(utf8(text))?.[1] as string));
  }
  t.same([...seen].sort(), ['here', ...names].sort());
  t.match(
    utf8((await client.command('FLUSHALL')).text),
    /^-ERR keyfan: the command was partly executed: 1 of 5 parts were done; node čtvrtý: /,
  );
  for (const name of names) t.ok(utf8((await client.command('INFO', 'NODE', name)).text).startsWith(`-ERR keyfan: node ${name} is down`));
  t.match(utf8((await client.command('KEYFAN', 'NODES')).text), /不动/);
  t.match(utf8((await client.command('INFO', 'nodes')).text), /name=zürich,/);
  await client.close();
});
