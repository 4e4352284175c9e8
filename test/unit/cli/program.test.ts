import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { run } from '../../../src/cli/program.ts';
import { parseText } from '../../../src/config/load.ts';
import { poolTopology } from '../../../src/config/topology.ts';
import { VERSION } from '../../../src/util/version.ts';

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function keyfan(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  let out = '';
  let err = '';
  const io = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    env,
  };
  const code = await run(args, io);
  return { code, out, err };
}

function file(t: Test, text: string): string {
  const path = join(t.testdir({}), 'keyfan.yaml');
  writeFileSync(path, text);
  return path;
}

const ONE =
  'pools:\n  cache: { listen: 127.0.0.1:6400, nodes: [{ name: n1, address: h1:1 }, { name: n2, address: h2:1 }, { name: n3, address: h3:1 }] }\n';
const TWO = `${ONE}  copies: { listen: 127.0.0.1:6401, strategy: random, nodes: [{ name: r1, address: h1:2 }, { name: r2, address: h2:2 }] }\n`;

t.test('--version and --help, also on each command', async (t) => {
  t.same(await keyfan(['--version']), { code: 0, out: `${VERSION}\n`, err: '' });
  t.match(VERSION, /^\d+\.\d+\.\d+/);
  for (const command of [[], ['check'], ['route'], ['demo']]) {
    const { code, out, err } = await keyfan([...command, '--help']);
    t.same({ code, err }, { code: 0, err: '' }, `${command} --help`);
    t.match(out, `Usage: keyfan ${command.join(' ')}`.trim());
    t.same(await keyfan([...command, '-h']), { code, out, err }, `${command} -h`);
  }
  const { out } = await keyfan(['--help']);
  for (const word of ['--config', '--listen', '--node', '--strategy', 'check', 'route', 'demo']) t.match(out, word);
});

t.test('wrong calls end with 2 and say what is wrong', async (t) => {
  const cases: [string[], RegExp][] = [
    [[], /--config FILE, or --listen/],
    [['--listen', 'a:1'], /at least one --node/],
    [['--node', 'a:1'], /--listen/],
    [['-c', 'x.yaml', '--listen', 'a:1'], /exclude each other/],
    [['--lisen', 'a:1'], /unknown option '--lisen'[\s\S]*--listen/],
    [['bogus'], /keyfan: unknown command bogus\n/],
    [['chekc', '-c', 'f'], /keyfan: unknown command chekc \(did you mean check\?\)/],
    [['chekc', '--explain'], /unknown command chekc/],
    [['-c', 'f', 'bogus'], /too many arguments/],
    [['demo', '--strategy', 'bogus'], /keyfan: --strategy: unknown strategy/],
    [['demo', '--listen', 'nope', '--admin', '17'], /keyfan: --admin: must be host:port[\s\S]*keyfan: --listen: must be host:port/],
    [['demo', '--listen', '127.0.0.1:7002'], /keyfan: node2 127\.0\.0\.1:7002: is this pool's own listener/],
    [['check'], /--config/],
    [['route', 'key'], /--config/],
    [['route', '-c', 'x.yaml'], /keys/],
    [
      ['--listen', 'nonsense', '--node', 'a:1', '--node', 'b', '--strategy', 'rng'],
      /--listen: must be[\s\S]*--strategy: unknown strategy \(did you mean ring\?\)/,
    ],
    [['--listen', 'a:1', '--node', 'a:2', '--node', 'b'], /--node b: must be host:port/],
    [['--listen', 'a:1', '--node', 'a:2', '--admin', '17'], /--admin: must be/],
  ];
  for (const [args, message] of cases) {
    const { code, out, err } = await keyfan(args, { REDIS_SERVER: '/no/such/redis-server' });
    t.equal(code, 2, args.join(' '));
    t.match(err, message, args.join(' '));
    t.equal(out, '', 'standard output is for results');
  }
});

t.test('check', async (t) => {
  const good = file(t, TWO);
  t.same(await keyfan(['check', '-c', good]), { code: 0, out: `${good}: ok, 2 pools, 5 nodes\n`, err: '' });
  const bad = file(t, 'pools:\n  cache: { lisen: a:1, nodes: [b] }\nlog: { level: loud }\n');
  t.same(await keyfan(['check', '-c', bad]), {
    code: 78,
    out: '',
    err: [
      `${bad}:2:3 pools.cache.listen: is required\n`,
      `${bad}:2:12 pools.cache.lisen: unknown key (did you mean listen?)\n`,
      `${bad}:2:32 pools.cache.nodes[0]: must be host:port or unix:/path\n`,
      `${bad}:3:15 log.level: must be one of debug, info, warn, error, silent\n`,
    ].join(''),
  });
  t.match(await keyfan(['check', '-c', '/no/such/file']), { code: 78, err: '/no/such/file: cannot be read' });
  t.match(await keyfan(['check', '-c', file(t, `pools: { a: { listen: "$\{L}", nodes: [b:1] } }`)], { L: 'a:1' }), { code: 0 });
});

t.test('check warns of what is allowed and seldom meant', async (t) => {
  const path = file(t, 'pools:\n  a: { listen: a:1, nodes: [b:1, { name: c, address: b:1 }] }\n');
  t.same(await keyfan(['check', '-c', path]), {
    code: 0,
    out: `${path}: ok, 1 pool, 2 nodes\n`,
    err: `${path}:2:34 pools.a.nodes[1]: warning: has the same address as nodes[0]\n`,
  });
});

t.test('route tells what the topology of the proxy tells', async (t) => {
  const path = file(t, ONE);
  const keys = Array.from({ length: 200 }, (_, index) => `user:${index}`).concat('', 'ключ', '{a}b', '-dash');
  const { code, out, err } = await keyfan(['route', '-c', path, '--', ...keys]);
  t.same({ code, err }, { code: 0, err: '' });
  const pool = (await parseText(ONE, 'f.yaml', {})).pools.cache;
  const topology = await poolTopology(pool as never);
  const expected = keys.map((key) => {
    const bytes = Buffer.from(key);
    return `${key}\t${topology.nodes[topology.nodeFor(bytes, 0, bytes.length)]?.name}\n`;
  });
  t.equal(out, expected.join(''));
  for (const name of ['n1', 'n2', 'n3']) t.match(out, `\t${name}\n`);
});

t.test('route --explain shows the steps under the key', async (t) => {
  const { out } = await keyfan(['route', '-c', file(t, ONE), '--explain', 'x{tag}y']);
  t.match(out, /^x\{tag\}y\tn[123]\n {2}hashed part: tag\n {2}murmur: \d+\n/);
});

t.test('route keeps to one line a key, whatever the key', async (t) => {
  const { code, out } = await keyfan(['route', '-c', file(t, ONE), 'a\nb', 'c\td']);
  t.equal(code, 0);
  t.match(out, /^"a\\nb"\tn[123]\n"c\\td"\tn[123]\n$/);
});

t.test('route refuses a key whose bytes were lost on the way', async (t) => {
  // What Node makes of an argument that is not UTF-8.
  t.same(await keyfan(['route', '-c', file(t, ONE), 'good', 'k\ufffd']), {
    code: 2,
    out: '',
    err: 'keyfan: the key is not UTF-8; ask the running keyfan: redis-cli … KEYFAN ROUTE key\n(keyfan --help shows how to call it)\n',
  });
  const { out } = await keyfan(['route', '--help']);
  t.match(out, /UTF-8/);
  t.match(out, 'KEYFAN ROUTE');
});

t.test('route --pool', async (t) => {
  const path = file(t, TWO);
  t.match(await keyfan(['route', '-c', path, 'k']), { code: 2, err: /--pool with one of cache, copies/ });
  t.match(await keyfan(['route', '-c', path, '--pool', 'cash', 'k']), { code: 2, err: /no pool cash \(did you mean cache\?\)/ });
  t.match(await keyfan(['route', '-c', path, '--pool', 'constructor', 'k']), { code: 2 });
  t.match(await keyfan(['route', '-c', path, '--pool', 'cache', 'k']), { code: 0, out: /^k\tn[123]\n$/ });
  t.same(await keyfan(['route', '-c', path, '--pool', 'copies', 'k']), { code: 0, out: 'k\tr1,r2\n', err: '' }, 'any of them');
});

t.test('an address in use ends with 69', async (t) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen({ host: '127.0.0.1', port: 0 }, resolve));
  t.teardown(() => taken.close());
  const { port } = taken.address() as { port: number };
  const nobody = 'pools: { a: { listen: "127.0.0.1:0", nodes: ["127.0.0.1:1"] } }';
  t.match(await keyfan(['--listen', `127.0.0.1:${port}`, '--node', '127.0.0.1:1']), {
    code: 69,
    err: `keyfan: --listen: cannot listen on 127.0.0.1:${port}: the address is in use\n`,
  });
  const admin = file(t, `admin: { listen: "127.0.0.1:${port}" }\nlog: { level: silent }\n${nobody}\n`);
  t.match(await keyfan(['-c', admin]), { code: 69, err: 'keyfan: admin.listen: cannot listen' }, 'the admin address as well');
  for (const workers of [1, 2]) {
    const pool = `pools:\n  free: { listen: "127.0.0.1:0", nodes: [h:1] }\n  a: { listen: "127.0.0.1:${port}", nodes: [h:1] }\n`;
    const path = file(t, `workers: ${workers}\nlog: { level: silent }\n${pool}`);
    t.match(await keyfan(['-c', path]), { code: 69, err: 'keyfan: pools.a.listen: cannot listen on' }, `${workers} workers`);
  }
});

t.test('a socket in a directory that does not exist', async (t) => {
  t.same(await keyfan(['--listen', 'unix:/nonexistent/x', '--node', '127.0.0.1:1']), {
    code: 69,
    out: '',
    err: 'keyfan: --listen: cannot listen on /nonexistent/x: the directory /nonexistent does not exist\n',
  });
});

t.test('a demo without redis-server says what to install', async (t) => {
  const { code, err } = await keyfan(['demo', '--dir', t.testdir({})], { REDIS_SERVER: '/no/such/redis-server' });
  t.equal(code, 1);
  t.match(err, 'apt-get install redis-server');
});
