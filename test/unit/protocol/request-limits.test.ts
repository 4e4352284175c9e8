import t from 'tap';
import { Scan } from '../../../src/protocol/bytes.ts';
import { LINE_MAX, RequestScanner } from '../../../src/protocol/request-scanner.ts';
import { multibulk } from '../../fuzz/arbitraries.ts';
import { counted } from '../../fuzz/counted.ts';
import { cut, driveRequests, latin1, wordsOf } from '../../fuzz/drive.ts';
import { readRequests } from '../../fuzz/reference.ts';

const BULK_MAX = 512 * 1024 * 1024;

function scannerOf(options: { authenticated?: boolean; bulkMax?: number } = {}): RequestScanner {
  const scanner = new RequestScanner({ bulkMax: options.bulkMax ?? BULK_MAX });
  scanner.authenticated = options.authenticated ?? true;
  return scanner;
}

/** The verdict over bytes that come at once: the error, or what Scan says. */
function verdict(bytes: string | Buffer, scanner = scannerOf()): string {
  const buf = typeof bytes === 'string' ? latin1(bytes) : bytes;
  const answer = scanner.scan(buf, 0, buf.length);
  return answer === Scan.ERROR ? scanner.error : answer === Scan.MORE ? 'more' : 'frame';
}

t.test('lines of 64 KiB', async (t) => {
  const rows: readonly (readonly [before: string, byte: string, error: string])[] = [
    ['*', '1', 'too big mbulk count string'],
    ['*1\r\n$', '1', 'too big bulk count string'],
    ['*1\r\n', 'x', 'too big bulk count string'],
    ['', 'x', 'too big inline request'],
    ['', ' ', 'too big inline request'],
    ['PING\0', '\n', 'too big inline request'],
    ['*1\0\r', '\n', 'too big mbulk count string'],
    ['*1\r\n$1\0\r', '\n', 'too big bulk count string'],
  ];
  for (const [before, byte, error] of rows) {
    const name = JSON.stringify(before + byte);
    // The line counts from its own first byte: `*1\r\n` in front of a bulk header does not.
    const line = before.startsWith('*1\r\n') ? before.slice(4) : before;
    const filled = (size: number): string => before + byte.repeat(size - line.length);
    t.equal(verdict(filled(LINE_MAX)), 'more', `${name} to ${LINE_MAX} bytes`);
    t.equal(verdict(filled(LINE_MAX + 1)), error, `${name} to ${LINE_MAX + 1} bytes`);
  }
});

t.test('lines of 64 KiB with their end: the same verdict whole and in pieces', async (t) => {
  const fill = (before: string, size: number): string => before + '1'.repeat(size - before.length);
  const rows: readonly (readonly [bytes: string, expected: string])[] = [
    [`${fill('*', LINE_MAX)}\r\n`, 'invalid multibulk length'],
    [`${fill('*', LINE_MAX + 1)}\r\n`, 'too big mbulk count string'],
    [`*1\r\n${fill('$', LINE_MAX)}\r\n`, 'invalid bulk length'],
    [`*1\r\n${fill('$', LINE_MAX + 1)}\r\n`, 'too big bulk count string'],
    [`${fill('ECHO ', LINE_MAX)}\n`, 'frame'],
    [`${fill('ECHO ', LINE_MAX - 1)}\r\n`, 'frame'],
    [`${fill('ECHO ', LINE_MAX)}\r\n`, 'too big inline request'],
    [`${fill('ECHO ', LINE_MAX + 1)}\n`, 'too big inline request'],
  ];
  for (const [bytes, expected] of rows) {
    const name = `${JSON.stringify(bytes.slice(0, 12))}, ${bytes.length} bytes`;
    t.equal(verdict(bytes), expected, name);
    const all = latin1(bytes);
    for (let cutAt = all.length - 4; cutAt < all.length; cutAt++) {
      const { commands, error } = driveRequests(cut(all, [10_000, cutAt]), { gated: true });
      t.equal(error ?? (commands.length === 1 ? 'frame' : 'more'), expected, `${name}, cut at ${cutAt}`);
    }
    const slow = driveRequests(
      cut(
        all,
        Array.from({ length: 6 }, (_, i) => all.length - i),
      ),
    );
    t.equal(slow.error ?? (slow.commands.length === 1 ? 'frame' : 'more'), expected, `${name}, the end byte by byte`);
    t.same(readRequests(bytes).error ?? 'frame', expected, `reference: ${name}`);
  }
});

t.test('counts and lengths', async (t) => {
  t.equal(verdict('*2147483647\r\n'), 'more');
  t.equal(verdict('*2147483648\r\n'), 'invalid multibulk length');
  t.equal(verdict('*1\r\n$536870912\r\n'), 'more');
  t.equal(verdict('*1\r\n$536870913\r\n'), 'invalid bulk length');
  t.equal(verdict('*1\r\n$4294967301\r\nabcde\r\n'), 'invalid bulk length', 'a length that wraps 32 bits');
  t.equal(verdict('*4294967297\r\n$1\r\na\r\n'), 'invalid multibulk length', 'a count that wraps 32 bits');
});

t.test('a smaller limit for arguments holds at any size', async (t) => {
  for (const bulkMax of [0, 1, 9, 1000, 16383, 16384, 16385, 70_000]) {
    const ok = multibulk(['x'.repeat(bulkMax)]);
    const above = multibulk(['x'.repeat(bulkMax + 1)]);
    t.equal(verdict(ok, scannerOf({ bulkMax })), 'frame', `${bulkMax} of ${bulkMax}`);
    t.equal(verdict(above, scannerOf({ bulkMax })), 'invalid bulk length', `${bulkMax + 1} of ${bulkMax}`);
  }
});

t.test('an inline request and a loose one are themselves whatever the limit', async (t) => {
  for (const bulkMax of [1, 10, 16384, 20_000]) {
    const scanner = scannerOf({ bulkMax });
    const first = latin1(multibulk(['a']));
    t.equal(scanner.scan(first, 0, first.length), Scan.FRAME);
    const inline = latin1(`ECHO ${'x'.repeat(30_000)}\r\n`);
    t.equal(scanner.scan(inline, 0, inline.length), Scan.FRAME);
    t.equal(scanner.next, inline.length);
    t.same(wordsOf(scanner), ['ECHO', 'x'.repeat(30_000)], `inline under ${bulkMax}`);
    const after = latin1(multibulk(['b']));
    t.equal(scanner.scan(after, 0, after.length), Scan.FRAME);
    t.same(wordsOf(scanner), ['b'], 'and the next request is itself');
  }
});

t.test('before authentication', async (t) => {
  const strange = (): RequestScanner => scannerOf({ authenticated: false });
  t.equal(verdict(multibulk(Array.from({ length: 10 }, () => 'a')), strange()), 'frame');
  t.equal(verdict('*11\r\n', strange()), 'unauthenticated multibulk length');
  t.equal(verdict('*2147483648\r\n', strange()), 'invalid multibulk length');
  t.equal(verdict(multibulk(['AUTH', 'x'.repeat(16384)]), strange()), 'frame');
  t.equal(verdict('*1\r\n$16385\r\n', strange()), 'unauthenticated bulk length');
  t.equal(verdict('*1\r\n$536870913\r\n', strange()), 'invalid bulk length');
  t.equal(verdict(`a ${'b '.repeat(20)}\r\n`, strange()), 'frame', 'inline requests are not counted, as in Redis');
  t.equal(verdict(`ECHO ${'x'.repeat(20_000)}\r\n`, strange()), 'frame');
  t.equal(
    verdict(
      multibulk(
        Array.from({ length: 10 }, () => 'a'),
        'XX',
      ),
      strange(),
    ),
    'frame',
    'loose',
  );
  const scanner = strange();
  const inline = latin1('PING\r\n');
  scanner.scan(inline, 0, inline.length);
  t.equal(scanner.authenticated, false, 'an inline request authenticates nobody');
});

t.test('nothing is allocated from a declared count or length', async (t) => {
  const scanners: RequestScanner[] = [];
  const before = process.memoryUsage();
  for (let i = 0; i < 1000; i++) {
    for (const bytes of ['*2147483647\r\n', '*1048576\r\n$536870912\r\nabc', '*10000000\r\n$3\r\nGET\r\n']) {
      const scanner = scannerOf();
      if (verdict(bytes, scanner) !== 'more') t.fail(bytes);
      if (scanner.args.length > 32) t.fail(`${scanner.args.length} places for ${bytes}`);
      scanners.push(scanner);
    }
  }
  const after = process.memoryUsage();
  const each = (after.heapUsed + after.external - before.heapUsed - before.external) / scanners.length;
  t.ok(each < 4096, `${Math.round(each)} bytes each`);
});

t.test('the table grows with arguments seen and is let go by reset', async (t) => {
  const scanner = scannerOf();
  const part = latin1(`*2147483647\r\n${'$1\r\nx\r\n'.repeat(5000)}`);
  t.equal(scanner.scan(part, 0, part.length), Scan.MORE);
  t.ok(scanner.args.length >= 10_000 && scanner.args.length <= 20_000, `${scanner.args.length} numbers for 5000 arguments`);
  scanner.reset();
  t.ok(scanner.args.length <= 2048);
  const many = Array.from({ length: 3000 }, (_, i) => `${i}`);
  const buf = latin1(multibulk(many));
  t.equal(scanner.scan(buf, 0, buf.length), Scan.FRAME);
  t.same(wordsOf(scanner), many);
  const small = latin1(multibulk(['GET', 'k']));
  t.equal(scanner.scan(small, 0, small.length), Scan.FRAME);
  t.same(wordsOf(scanner), ['GET', 'k']);
  t.ok(scanner.args.length <= 2048, 'and by the next small request');
});

t.test('bytes already looked at are not looked at again', async (t) => {
  const inputs: Record<string, string> = {
    'many small requests': multibulk(['SET', 'key', 'value']).repeat(3000),
    'many arguments': multibulk(Array.from({ length: 10_000 }, (_, i) => `${i}`)),
    'a large payload': multibulk(['SET', 'k', 'v'.repeat(100_000)]),
    'inline requests': 'GET key\r\n'.repeat(5000),
    'a long inline request': `ECHO ${'x'.repeat(60_000)}\r\n`,
    'a long inline request that never ends': 'x'.repeat(60_000),
    'a long header': `*${'1'.repeat(60_000)}`,
    'a long bulk header': `*1\r\n$${'1'.repeat(60_000)}`,
    'a line behind a NUL': `\0${'x'.repeat(60_000)}`,
    'a bulk header behind a NUL': `*1\r\n$\0${'x'.repeat(60_000)}`,
  };
  for (const [name, bytes] of Object.entries(inputs)) {
    const { buf, reads } = counted(latin1(bytes));
    const scanner = scannerOf();
    let at = 0;
    for (let to = 1; to <= bytes.length && reads() <= 32 * bytes.length; to++) {
      const verdict = scanner.scan(buf, at, to);
      if (verdict === Scan.ERROR) t.fail(scanner.error);
      at = scanner.next;
    }
    t.ok(reads() <= 32 * bytes.length, `${name}: ${(reads() / bytes.length).toFixed(1)} looks a byte`);
  }
});
