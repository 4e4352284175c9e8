import t from 'tap';
import { parseAddress, reaches, sameSocket } from '../../../src/config/address.ts';
import { type Endpoint, formatEndpoint } from '../../../src/util/endpoint.ts';

function read(text: string): Endpoint {
  const parsed = parseAddress(text, 'listen');
  if ('problem' in parsed) throw new Error(`${text}: ${parsed.problem}`);
  return parsed.address;
}

t.test('forms of an address, there and back', async (t) => {
  const forms: [string, Endpoint][] = [
    ['127.0.0.1:6400', { host: '127.0.0.1', port: 6400 }],
    ['redis-1.example_x.com:1', { host: 'redis-1.example_x.com', port: 1 }],
    ['[::1]:65535', { host: '::1', port: 65535 }],
    ['[fe80::1%eth0]:7000', { host: 'fe80::1%eth0', port: 7000 }],
    ['unix:/run/keyfan.sock', { path: '/run/keyfan.sock' }],
    ['0.0.0.0:0', { host: '0.0.0.0', port: 0 }],
  ];
  for (const [text, address] of forms) {
    t.same(read(text), address, text);
    t.equal(formatEndpoint(address), text);
  }
});

t.test('what is no address says why', async (t) => {
  const cases: [string, RegExp][] = [
    ['6400', /host:port/],
    [':6400', /host:port/],
    ['host', /host:port/],
    ['host:', /host:port/],
    ['host:64o0', /host:port/],
    ['ho st:1', /host:port/],
    ['::1:6400', /IPv6/],
    ['host:65536', /1 to 65535/],
    ['unix:relative', /absolute/],
    ['redis://127.0.0.1:6379', /must be host:port, not a URL; there is no TLS/],
    ['rediss://user@host:6379/0', /there is no TLS/],
    ['127.0.0.1:7001:1', /^write \{ address: 127\.0\.0\.1:7001, weight: 1 \}$/],
    ['127.0.0.1:7001:2 a', /^write \{ name: a, address: 127\.0\.0\.1:7001, weight: 2 \}$/],
    ['/run/redis.sock:1 b', /^write \{ name: b, address: unix:\/run\/redis\.sock, weight: 1 \}$/],
    [`unix:/${'x'.repeat(107)}`, /107/],
  ];
  for (const [text, problem] of cases) t.match(parseAddress(text, 'listen'), { problem }, text);
  t.match(parseAddress('host:0', 'node'), { problem: /1 to 65535/ }, 'only a listener may ask for any port');
});

t.test('which listeners collide', async (t) => {
  const collide = (a: string, b: string) => sameSocket(read(a), read(b)) && sameSocket(read(b), read(a));
  t.equal(collide('127.0.0.1:1', '127.0.0.1:1'), true);
  t.equal(collide('0.0.0.0:1', '10.0.0.1:1'), true);
  t.equal(collide('[::]:1', '127.0.0.1:1'), true);
  t.equal(collide('localhost:1', '127.0.0.1:1'), true);
  t.equal(collide('unix:/a', 'unix:/a'), true);
  t.equal(collide('127.0.0.1:1', '127.0.0.2:1'), false);
  t.equal(collide('127.0.0.1:1', '127.0.0.1:2'), false);
  t.equal(collide('127.0.0.1:0', '127.0.0.1:0'), false, 'port 0 is another port each time');
  t.equal(collide('unix:/a', 'unix:/b'), false);
  t.equal(collide('unix:/a', 'a:1'), false);
});

t.test('a node that is the listener itself', async (t) => {
  t.equal(reaches(read('127.0.0.1:1'), read('localhost:1')), true);
  t.equal(reaches(read('0.0.0.0:1'), read('127.0.0.1:1')), true);
  t.equal(reaches(read('0.0.0.0:6379'), read('10.0.0.7:6379')), false, 'another machine, as far as anybody knows');
  t.equal(reaches(read('127.0.0.1:1'), read('127.0.0.1:2')), false);
  t.equal(reaches(read('unix:/a'), read('unix:/a')), true);
});
