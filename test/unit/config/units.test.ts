import t from 'tap';
import { duration, parseDuration, parseSize, size } from '../../../src/config/units.ts';

t.test('durations become whole milliseconds', async (t) => {
  for (const [text, ms] of [
    ['250ms', 250],
    ['2s', 2000],
    ['1.5s', 1500],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['2d', 172_800_000],
    ['0s', 0],
  ] as const) {
    t.equal(parseDuration(text), ms, text);
  }
});

t.test('sizes become bytes, 1024 to the kb, in either case', async (t) => {
  for (const [text, bytes] of [
    ['512b', 512],
    ['64kb', 65_536],
    ['1mb', 1_048_576],
    ['512MB', 536_870_912],
    ['1.5kb', 1536],
  ] as const) {
    t.equal(parseSize(text), bytes, text);
  }
});

t.test('anything without its unit is refused', async (t) => {
  for (const wrong of [5, 0, '5', '', 's', '5 s', '-5s', '5sec', '5s ', '0x5s', '1e3ms', null, true]) {
    t.equal(parseDuration(wrong), undefined, String(wrong));
    t.equal(duration('1s', '').safeParse(wrong).success, false, `schema: ${String(wrong)}`);
  }
  for (const wrong of [64, '64', '64k', '64 kb', '-1kb', 'kb', null]) {
    t.equal(parseSize(wrong), undefined, String(wrong));
    t.equal(size('1mb', '').safeParse(wrong).success, false, `schema: ${String(wrong)}`);
  }
});

t.test('the schema knows default and bounds', async (t) => {
  t.equal(duration('1s', '').parse(undefined), 1000);
  t.equal(duration('1s', '', { min: '0ms' }).parse('0s'), 0);
  t.match(duration('1s', '').safeParse('0s').error?.issues, [{ message: 'must be at least 1ms' }]);
  t.match(duration('1s', '').safeParse('25d').error?.issues, [{ message: 'must be at most 24d' }], 'above it a timer would fire at once');
  t.ok((duration('1s', '').parse('24d') as number) < 2 ** 31);
  t.equal(size('64mb', '').parse(undefined), 67_108_864);
  t.match(size('1mb', '', { max: '2mb' }).safeParse('3mb').error?.issues, [{ message: 'must be at most 2mb' }]);
});
