import t from 'tap';
import { Scan } from '../../../src/protocol/bytes.ts';
import { DEPTH_MAX, LENGTH_LINE_MAX, ReplyScanner } from '../../../src/protocol/reply-scanner.ts';
import { counted } from '../../fuzz/counted.ts';
import { byteByByte, cut, driveReplies, latin1 } from '../../fuzz/drive.ts';
import { oddRepliesAreJudged, resp2RepliesAreFound, resp3RepliesAreFound } from '../../fuzz/properties.ts';
import { holds } from '../../fuzz/property.ts';

/** One reply each. */
const REPLIES: readonly string[] = [
  '+OK\r\n',
  '+\r\n',
  '+a\nb\r\n',
  '-ERR no\r\n',
  '-foo\r\n',
  ':0\r\n',
  ':-9223372036854775808\r\n',
  '$0\r\n\r\n',
  '$3\r\nabc\r\n',
  '$4\r\n\r\n\r\n\r\n',
  '$12\r\n+OK\r\n$-1\r\n\0\xff\r\n',
  `$1234\r\n${'x'.repeat(1234)}\r\n`,
  '$-1\r\n',
  '*-1\r\n',
  '*0\r\n',
  '*3\r\n:1\r\n$-1\r\n*-1\r\n',
  '*2\r\n*0\r\n*2\r\n*1\r\n+a\r\n:2\r\n',
  '*3\r\n:1\r\n*1\r\n:2\r\n:3\r\n',
  `*12\r\n${':1\r\n'.repeat(12)}`,
  '_\r\n',
  '#t\r\n',
  '#f\r\n',
  ',3.14\r\n',
  ',-inf\r\n',
  '(3492890328409238509324850943850943825024385\r\n',
  '!21\r\nSYNTAX invalid syntax\r\n',
  '=15\r\ntxt:Some string\r\n',
  '~3\r\n+a\r\n:1\r\n~0\r\n',
  '%0\r\n',
  '%2\r\n+a\r\n:1\r\n+b\r\n%1\r\n+c\r\n*0\r\n',
  '>3\r\n+message\r\n+ch\r\n$2\r\nhi\r\n',
  '|1\r\n+ttl\r\n:3600\r\n$1\r\nv\r\n',
  '|0\r\n+OK\r\n',
  '|1\r\n+a\r\n+b\r\n|1\r\n+c\r\n+d\r\n*1\r\n:1\r\n',
  '*2\r\n|1\r\n+a\r\n*2\r\n:1\r\n:2\r\n:3\r\n:4\r\n',
  '|1\r\n|1\r\n+x\r\n+y\r\n+k\r\n+v\r\n+OK\r\n',
  '%1\r\n|1\r\n+a\r\n+b\r\n+key\r\n|1\r\n+c\r\n+d\r\n+value\r\n',
];

/** Can never become a reply, however many bytes follow. */
const BROKEN: readonly (readonly [bytes: string, error: RegExp])[] = [
  ['OK\r\n', /unknown type byte 0x4f/],
  ['\r\n', /unknown type byte/],
  ['\0', /unknown type byte 0x0/],
  ['\xff', /unknown type byte 0xff/],
  ['@', /unknown type byte/],
  ['*1\r\nx', /unknown type byte/],
  ['+OK\r+OK\r\n', /CR without LF/],
  [':1\rx', /CR without LF/],
  ['$1\r1\r\n', /CR without LF/],
  ['$3\r\nabcde', /does not end in CRLF/],
  ['$3\r\nabc\n\r', /does not end in CRLF/],
  ['$3\r\nabc\r\r', /does not end in CRLF/],
  ['$\r\n', /invalid length/],
  ['$-2\r\n', /invalid length/],
  ['*-2\r\n', /invalid length/],
  ['$+1\r\n', /invalid length/],
  ['$01\r\n', /invalid length/],
  ['$-0\r\n', /invalid length/],
  ['* 1\r\n', /invalid length/],
  ['*1 \r\n', /invalid length/],
  ['$?\r\n', /invalid length/],
  ['%-1\r\n', /invalid length/],
  ['~-1\r\n', /invalid length/],
  ['>-1\r\n', /invalid length/],
  ['!-1\r\n', /invalid length/],
  ['|-1\r\n', /invalid length/],
  ['$4294967296\r\n', /bulk too long/],
  ['$9223372036854775807\r\n', /bulk too long/],
  ['$18446744073709551616\r\n', /invalid length/],
  ['*2147483648\r\n', /aggregate too long/],
  ['*4294967297\r\n', /aggregate too long/],
  ['%4611686018427387904\r\n', /aggregate too long/],
  ['%1073741824\r\n', /aggregate too long/],
  ['|1073741824\r\n', /aggregate too long/],
];

t.test('every kind of reply, whole and in pieces', async (t) => {
  const stream = latin1(REPLIES.join(''));
  t.same(driveReplies([stream]).frames, REPLIES, 'one after the other');
  t.same(driveReplies(byteByByte(stream), { base: (turn) => turn % 11 }), { frames: REPLIES, error: null }, 'byte by byte');
  for (const reply of REPLIES) {
    const bytes = latin1(reply);
    const name = JSON.stringify(reply.slice(0, 40));
    t.same(driveReplies(byteByByte(bytes), { gated: true }), { frames: [reply], error: null }, name);
    const wrong: number[] = [];
    for (let at = 1; at < bytes.length; at++) {
      const { frames } = driveReplies(cut(bytes, [at]), { base: (turn) => turn * 3 });
      if (frames.length !== 1 || frames[0] !== reply) wrong.push(at);
    }
    t.same(wrong, [], `cut at every offset: ${name}`);
    const inParts = { gated: true, parts: true, base: (turn: number) => turn % 7 };
    t.same(driveReplies(byteByByte(bytes), inParts), { frames: [reply], error: null }, `passed on byte by byte: ${name}`);
  }
});

t.test('every pair of cuts', async (t) => {
  const frames = ['*2\r\n$12\r\n0123456789\r\n\r\n*-1\r\n', '|1\r\n+a\r\n$1\r\n1\r\n:5\r\n', '%1\r\n$-1\r\n(1\r\n'];
  const stream = latin1(frames.join(''));
  const wrong: string[] = [];
  for (let first = 0; first <= stream.length; first++) {
    for (let second = first; second <= stream.length; second++) {
      for (const parts of [false, true]) {
        if (JSON.stringify(driveReplies(cut(stream, [first, second]), { gated: true, parts }).frames) !== JSON.stringify(frames))
          wrong.push(`${first},${second}`);
      }
    }
  }
  t.same(wrong, []);
});

t.test('row 15: what is no reply is an error, not a wait', async (t) => {
  for (const [bytes, error] of BROKEN) {
    const name = JSON.stringify(bytes);
    for (const before of ['', ':1\r\n']) {
      const stream = latin1(before + bytes);
      const whole = driveReplies([stream]);
      t.match(whole.error, error, name);
      t.equal(whole.frames.length, before === '' ? 0 : 1, 'what stands before it is read');
      t.same(driveReplies(byteByByte(stream)), whole, `byte by byte: ${name}`);
      t.same(
        driveReplies(byteByByte(Buffer.concat([stream, Buffer.alloc(8)])), { gated: true }).error,
        whole.error,
        `when there are as many as needed: ${name}`,
      );
    }
  }
});

t.test('the largest that are taken', async (t) => {
  for (const bytes of ['$4294967295\r\n', '*2147483647\r\n', '%1073741823\r\n', '|1073741823\r\n', '~2147483647\r\n', '!4294967295\r\n']) {
    t.same(driveReplies([latin1(bytes)]), { frames: [], error: null }, bytes);
  }
});

t.test('long lines: an error may quote what was asked, a length never takes so much', async (t) => {
  const inReads = (bytes: Buffer): Buffer[] =>
    cut(
      bytes,
      Array.from({ length: Math.ceil(bytes.length / 16_384) }, (_, i) => i * 16_384),
    );
  const line = `-${'e'.repeat(3_000_000)}\r\n`;
  for (const parts of [false, true]) t.same(driveReplies(inReads(latin1(line)), { parts }), { frames: [line], error: null });
  for (const type of ['$', '*', '%']) {
    t.match(driveReplies([latin1(`${type}${'1'.repeat(LENGTH_LINE_MAX)}`)]).error, /line too long/, 'refused before its end has come');
    t.match(driveReplies(inReads(latin1(`:1\r\n${type}${'0'.repeat(LENGTH_LINE_MAX)}`))).error, /line too long/);
  }
});

t.test('a line without end is refused at last, however it is passed on', async (t) => {
  for (const parts of [false, true]) {
    const scanner = new ReplyScanner();
    scanner.lineMax = 1000;
    const bytes = latin1(`-${'e'.repeat(1000)}`);
    let at = 0;
    for (let to = 100; to <= 1000; to += 100) {
      t.equal(scanner.scan(bytes, at, to), Scan.MORE);
      if (parts) at = scanner.cut(bytes, at, to);
    }
    t.equal(at, parts ? 1000 : 0);
    t.equal(scanner.scan(bytes, at, 1001), Scan.ERROR);
    t.equal(scanner.error, 'line too long');
  }
});

t.test('nesting', async (t) => {
  const nested = (depth: number, type = '*'): string => `${`${type}1\r\n`.repeat(depth)}:1\r\n`;
  for (const type of ['*', '~', '>']) {
    t.equal(driveReplies([latin1(nested(DEPTH_MAX, type))]).frames.length, 1, `${DEPTH_MAX} deep: ${type}`);
    t.match(driveReplies([latin1(nested(DEPTH_MAX + 1, type))]).error, /too deep/);
    t.match(driveReplies([latin1(nested(100_000, type))]).error, /too deep/);
    t.match(driveReplies(byteByByte(latin1(nested(DEPTH_MAX + 1, type)))).error, /too deep/, 'byte by byte');
  }
  t.equal(DEPTH_MAX, 128);
  const pairs = '%1\r\n+k\r\n'.repeat(DEPTH_MAX);
  t.equal(driveReplies([latin1(`${pairs}:1\r\n`)]).frames.length, 1, 'maps in maps');
  t.match(driveReplies([latin1(`${pairs}%1\r\n`)]).error, /too deep/);
  t.equal(
    driveReplies([latin1(`${'|1\r\n'.repeat(100_000)}${':1\r\n'.repeat(200_001)}`)]).frames.length,
    1,
    'an attribute stands beside its reply, not around it',
  );
  const all = `${'*1\r\n'.repeat(DEPTH_MAX)}*0\r\n`;
  t.same(driveReplies([latin1(all)]).frames, [all], 'an empty one opens no level');
});

t.test('after an error or in the midst of a reply, reset starts anew', async (t) => {
  for (const before of ['*3\r\n*2\r\n:1\r\n', '$5\r\nab', '*2\r\nx', `${'*1\r\n'.repeat(129)}`, '|2\r\n+a\r\n', '+abc', '*1\r\n$1']) {
    const scanner = new ReplyScanner();
    const bytes = latin1(before);
    t.not(scanner.scan(bytes, 0, bytes.length), Scan.FRAME);
    scanner.reset();
    const reply = latin1('*2\r\n:1\r\n+a\r\n:7\r\n');
    t.equal(scanner.scan(reply, 0, reply.length), Scan.FRAME, JSON.stringify(before.slice(0, 20)));
    t.equal(scanner.next, reply.length - 4);
  }
});

t.test('random RESP2 replies: what redis-parser finds', async (t) => {
  await holds(t, 'RESP2', resp2RepliesAreFound, { runs: 1000 });
});

t.test('random RESP3 replies', async (t) => {
  await holds(t, 'RESP3', resp3RepliesAreFound, { runs: 500 });
});

t.test('random bytes: the same however they are cut', async (t) => {
  await holds(t, 'odd replies', oddRepliesAreJudged, { runs: 400 });
});

t.test('declared lengths cost nothing', async (t) => {
  const scanners: ReplyScanner[] = [];
  const before = process.memoryUsage();
  for (let i = 0; i < 1000; i++) {
    for (const bytes of ['*2147483647\r\n', '$4294967295\r\nabc', '%1073741823\r\n']) {
      const scanner = new ReplyScanner();
      if (scanner.scan(latin1(bytes), 0, bytes.length) !== Scan.MORE) t.fail(bytes);
      scanners.push(scanner);
    }
  }
  const after = process.memoryUsage();
  const each = (after.heapUsed + after.external - before.heapUsed - before.external) / scanners.length;
  t.ok(each < 8192, `${Math.round(each)} bytes each`);
});

t.test('bytes already looked at are not looked at again', async (t) => {
  const inputs: Record<string, string> = {
    'many elements': `*20000\r\n${':1\r\n'.repeat(20_000)}`,
    'many replies': '$3\r\nabc\r\n'.repeat(10_000),
    'a large bulk': `$100000\r\n${'v'.repeat(100_000)}\r\n`,
    'a long line': `-${'e'.repeat(100_000)}\r\n`,
    'a long header': `*1\r\n$${'1'.repeat(60_000)}`,
    'lines in a nest': `${'*2\r\n:1\r\n'.repeat(100)}+${'x'.repeat(50_000)}\r\n`,
  };
  for (const [name, bytes] of Object.entries(inputs)) {
    const { buf, reads } = counted(latin1(bytes));
    const scanner = new ReplyScanner();
    let at = 0;
    for (let to = 1; to <= bytes.length && reads() <= 32 * bytes.length; to++) {
      const verdict = scanner.scan(buf, at, to);
      if (verdict === Scan.ERROR) t.fail(scanner.error);
      if (verdict === Scan.FRAME) at = scanner.next;
    }
    t.ok(reads() <= 32 * bytes.length, `${name}: ${(reads() / bytes.length).toFixed(1)} looks a byte`);
  }
});
