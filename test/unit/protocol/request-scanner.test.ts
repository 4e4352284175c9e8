import t from 'tap';
import { type KernelHash, kernelHash } from '../../../src/kernel/kernel.ts';
import { READ } from '../../../src/kernel/memory.ts';
import { Scan } from '../../../src/protocol/bytes.ts';
import { argText } from '../../../src/protocol/request.ts';
import { RequestScanner } from '../../../src/protocol/request-scanner.ts';
import { murmur } from '../../../src/routing/hash/murmur.ts';
import { multibulk } from '../../fuzz/arbitraries.ts';
import { byteByByte, cut, driveRequests, latin1, wordsOf } from '../../fuzz/drive.ts';
import { oddRequestsAreJudged, requestsAreRead } from '../../fuzz/properties.ts';
import { holds } from '../../fuzz/property.ts';
import { readRequests } from '../../fuzz/reference.ts';
import { encode } from '../../support/resp.ts';

const GET = multibulk(['GET', 'k']);

/** Streams of bytes with what must be read from them; `error` is Redis' text. */
const STREAMS: readonly { readonly bytes: string; readonly commands: readonly (readonly string[])[]; readonly error?: string }[] = [
  { bytes: GET, commands: [['GET', 'k']] },
  { bytes: multibulk(['SET', 'k', 'a\r\nb\0\xff']), commands: [['SET', 'k', 'a\r\nb\0\xff']] },
  { bytes: multibulk(['', '', '']), commands: [['', '', '']] },
  { bytes: multibulk(['ECHO', 'x'.repeat(123)]), commands: [['ECHO', 'x'.repeat(123)]] },
  { bytes: multibulk(Array.from({ length: 40 }, (_, i) => `w${i}`)), commands: [Array.from({ length: 40 }, (_, i) => `w${i}`)] },
  { bytes: 'PING\r\n', commands: [['PING']] },
  { bytes: 'ping\n', commands: [['ping']] },
  { bytes: 'PING\r\r\n', commands: [['PING']] },
  {
    bytes: 'GET "x\\x4"\r\nPING "ax\\xff"\r\n',
    commands: [
      ['GET', 'xx4'],
      ['PING', 'ax\xff'],
    ],
  },
  { bytes: `PING\r\n${GET}ECHO a\n\r\n${GET}`, commands: [['PING'], ['GET', 'k'], ['ECHO', 'a'], ['GET', 'k']] },
  { bytes: `*0\r\n*-5\r\n\r\n\n${GET}`, commands: [['GET', 'k']] },
  { bytes: '*0\r\n*-1\r\n \t\r\n*-9223372036854775808\r\n', commands: [] },
  { bytes: '*1\rX$4\rYPINGZZ*0\rXPING\r\n', commands: [['PING'], ['PING']] },
  {
    bytes: multibulk(['GET', 'k'], 'XX') + GET,
    commands: [
      ['GET', 'k'],
      ['GET', 'k'],
    ],
  },
  { bytes: '*2\r\n$3\r\nGET\n\n$1\r\nk\r\n', commands: [['GET', 'k']] },
  { bytes: `${GET}*1\r\nfoo\r\n`, commands: [['GET', 'k']], error: "expected '$', got 'f'" },
  { bytes: '*1\r\n\r\n', commands: [], error: "expected '$', got '\r'" },
  { bytes: '*1\r\n\xff1\r\n', commands: [], error: "expected '$', got '\xff'" },
  { bytes: '*1\r\n*1\r\n', commands: [], error: "expected '$', got '*'" },
  { bytes: `${GET}*x\r\n`, commands: [['GET', 'k']], error: 'invalid multibulk length' },
  ...['+1', ' 1', '1 ', '01', '-0', '00', '', '2147483648', '9223372036854775808', '18446744073709551617', '4294967297'].map((count) => ({
    bytes: `*${count}\r\n`,
    commands: [],
    error: 'invalid multibulk length',
  })),
  ...['+1', ' 1', '1 ', '01', '-0', '', '-1', '-5', 'abc', '536870913', '4294967296', '9223372036854775807', '18446744073709551617'].map(
    (length) => ({
      bytes: `*2\r\n$3\r\nGET\r\n$${length}\r\n`,
      commands: [],
      error: 'invalid bulk length',
    }),
  ),
  { bytes: 'GET "a\r\n', commands: [], error: 'unbalanced quotes in request' },
  { bytes: 'PING\r\nSET "k"v x\r\nPING\r\n', commands: [['PING']], error: 'unbalanced quotes in request' },
];

t.test('streams, whole and in pieces', async (t) => {
  for (const { bytes, commands, error = null } of STREAMS) {
    const name = JSON.stringify(bytes.slice(0, 60));
    const expected = { commands, error };
    const all = latin1(bytes);
    t.same(readRequests(bytes), expected, `reference: ${name}`);
    t.same(driveRequests([all]), expected, `whole: ${name}`);
    t.same(driveRequests([all], { base: () => 7 }), expected, `at an offset: ${name}`);
    t.same(driveRequests(byteByByte(all), { base: (turn) => turn % 13 }), expected, `byte by byte: ${name}`);
    t.same(driveRequests(byteByByte(all), { gated: true }), expected, `byte by byte, when there are as many as needed: ${name}`);
    const wrong: number[] = [];
    for (let at = 1; at < all.length; at++) {
      const read = driveRequests(cut(all, [at]), { gated: true, base: (turn) => turn * 5 });
      if (JSON.stringify(read) !== JSON.stringify(expected)) wrong.push(at);
    }
    t.same(wrong, [], `cut at every offset: ${name}`);
  }
});

t.test('every pair of cuts', async (t) => {
  const all = latin1(`*2\r\n$4\r\nECHO\r\n$12\r\n0123456789\r\n\r\n*0\r\nGET "\\x41"\n*1\r\n$4\rXPINGXX`);
  const expected = { commands: [['ECHO', '0123456789\r\n'], ['GET', 'A'], ['PING']], error: null };
  const wrong: string[] = [];
  for (let first = 0; first <= all.length; first++) {
    for (let second = first; second <= all.length; second++) {
      if (JSON.stringify(driveRequests(cut(all, [first, second]), { gated: true })) !== JSON.stringify(expected))
        wrong.push(`${first},${second}`);
    }
  }
  t.same(wrong, []);
});

t.test('random requests with random cuts', async (t) => {
  await holds(t, 'well-formed streams', requestsAreRead, { runs: 1000 });
});

t.test('random bytes: as the reference says', async (t) => {
  await holds(t, 'odd streams', oddRequestsAreJudged, { runs: 1000 });
});

t.test('many frames in one buffer, one after the other', async (t) => {
  const requests = Array.from({ length: 2000 }, (_, i) => (i % 3 === 0 ? [`PING`, `${i}`] : ['SET', `key:${i}`, 'v'.repeat(i % 50)]));
  const all = latin1(requests.map((words) => multibulk(words)).join(''));
  const scanner = new RequestScanner({ bulkMax: 1024 });
  let at = 0;
  const read: string[][] = [];
  while (at < all.length) {
    t.equal(scanner.scan(all, at, all.length), Scan.FRAME) || t.bailout('no frame');
    t.equal(scanner.base, at);
    t.equal(scanner.buf, all, 'a view of the source, not a copy') || t.bailout('a copy');
    at = scanner.next;
    t.equal(scanner.limit, at);
    read.push(wordsOf(scanner));
  }
  t.same(read, requests);
});

t.test('reset forgets the unfinished frame', async (t) => {
  for (const unfinished of ['*2\r\n$3\r\nGET\r\n$5\r\nab', '*2\r\n$3\r\nGETXX$5\r\nab', '*3', 'GET "a', '*2\r\n$3\r\nGET\r\n$1']) {
    const scanner = new RequestScanner({ bulkMax: 1024 });
    const bytes = latin1(unfinished);
    t.equal(scanner.scan(bytes, 0, bytes.length), Scan.MORE);
    scanner.reset();
    const get = latin1(GET);
    t.equal(scanner.scan(get, 0, get.length), Scan.FRAME);
    t.equal(scanner.buf, get, 'not taken for a loose one');
    t.same(wordsOf(scanner), ['GET', 'k']);
  }
});

t.test('what is left behind by one kind of frame does not colour the next', async (t) => {
  const scanner = new RequestScanner({ bulkMax: 1024 });
  const loose = latin1(`${multibulk(['A'], 'XX') + GET}B c\r\n${GET}*0\rX${GET}`);
  const seen: string[][] = [];
  const own: boolean[] = [];
  for (let at = 0; at < loose.length; ) {
    if (scanner.scan(loose, at, loose.length) !== Scan.FRAME) break;
    at = scanner.next;
    seen.push(wordsOf(scanner));
    own.push(scanner.buf === loose);
  }
  t.same(seen, [['A'], ['GET', 'k'], ['B', 'c'], ['GET', 'k'], ['GET', 'k']]);
  t.same(own, [false, true, false, true, true], 'only what Redis would not have written itself is re-encoded');
});

t.test('what was read into the buffer of all sockets comes with the hash of argument 1, if told how', async (t) => {
  const hash = kernelHash('murmur', 0x7b, 0x7d) as KernelHash;
  const routing = { hash, version: () => 1, table: () => 0 };
  const scanner = new RequestScanner({ bulkMax: 512 * 1024 * 1024, routing });
  const requests = [
    ['GET', 'key'],
    ['PING'],
    ['SET', '{tag}k', 'v'],
    ['ECHO', ''],
    ['MSET', ...Array.from({ length: 12 }, () => 'k')],
    ['GET', 'other'],
  ];
  const bytes = Buffer.concat(requests.map((words) => encode(words)));
  const expected = requests.map(([, key], i) => {
    if (key === undefined || i === 4) return -1;
    const hashed = key === '{tag}k' ? 'tag' : key;
    return hashed === '' ? 0 : murmur(Buffer.from(hashed), 0, hashed.length);
  });
  const scan = (src: Buffer): number[] => {
    bytes.copy(src, 5);
    scanner.begin();
    const hashes: number[] = [];
    for (let at = 5; at < 5 + bytes.length; at = scanner.next) {
      t.equal(scanner.scan(src, at, 5 + bytes.length), Scan.FRAME);
      hashes.push(scanner.hash);
    }
    return hashes;
  };
  t.strictSame(scan(READ), expected, 'but of few arguments only');
  t.strictSame(
    scan(Buffer.alloc(bytes.length + 5)),
    requests.map(() => -1),
  );
});

t.test('what was scanned ahead is forgotten when there are new bytes, or another scanner was at work', async (t) => {
  const [one, other] = [0, 1].map(() => new RequestScanner({ bulkMax: 512 * 1024 * 1024 })) as [RequestScanner, RequestScanner];
  const put = (...names: string[]): number => Buffer.concat(names.map((name) => encode([name]))).copy(READ);
  const next = (scanner: RequestScanner, to: number): string => {
    scanner.scan(READ, 14, to);
    return argText(scanner, 0);
  };
  one.begin();
  let to = put('ping', 'echo', 'quit');
  one.scan(READ, 0, to);
  to = put('ping', 'info', 'quit');
  one.begin();
  one.scan(READ, 0, to);
  t.equal(next(one, to), 'info');
  one.begin();
  one.scan(READ, 0, to);
  to = put('ping', 'keys', 'quit');
  other.begin();
  other.scan(READ, 0, to);
  t.equal(next(one, to), 'keys');
  t.equal(next(other, to), 'keys');
});

t.test('arguments of a request that is passed on in parts are not remembered', async (t) => {
  for (const src of [READ, Buffer.alloc(READ.length)]) {
    const scanner = new RequestScanner({ bulkMax: 1024 });
    const head = src.write('*1000000\r\n$5\r\nRPUSH\r\n$1\r\nk\r\n', 'latin1');
    t.equal(scanner.scan(src, 0, head), Scan.MORE);
    scanner.cut(head);
    const size = src.write('$0\r\n\r\n'.repeat(10_000), 'latin1');
    for (let i = 0; i < 20; i++) {
      t.equal(scanner.scan(src, 0, size), Scan.MORE);
      scanner.cut(size);
    }
    t.equal(scanner.argc, 2);
    t.ok(scanner.args.length < 100, `${scanner.args.length} integers`);
    t.equal(scanner.heldBytes, 0);
  }
});

t.test('the bounds of many arguments count as held', async (t) => {
  const scanner = new RequestScanner({ bulkMax: 1024 });
  const bytes = latin1(`*100000\r\n${'$0\r\n\r\n'.repeat(50_000)}`);
  t.equal(scanner.scan(bytes, 0, bytes.length), Scan.MORE);
  t.ok(scanner.heldBytes >= 8 * 50_000);
});
