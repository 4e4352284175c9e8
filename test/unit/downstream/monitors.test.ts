import t from 'tap';
import type { CommandRow } from '../../../src/command/row.ts';
import { rowByName } from '../../../src/command/table.ts';
import { Monitors } from '../../../src/downstream/monitors.ts';
import { viewOf } from '../../support/view.ts';

const CLIENT = { address: '127.0.0.1:5000', database: 3 };

function setup() {
  const changes: number[] = [];
  const monitors = new Monitors(() => changes.push(monitors.size));
  const monitor = () => {
    const lines: string[] = [];
    const onPush = (buf: Buffer, start: number, end: number): void => void lines.push(buf.toString('latin1', start, end));
    return { monitoring: false, lines, onPush };
  };
  const tell = (...words: (string | Buffer)[]): void =>
    monitors.tell(CLIENT, viewOf(...words), rowByName(String(words[0]).toLowerCase()) as CommandRow);
  return { monitors, changes, monitor, tell };
}

/** Without the time. */
const shown = (line: string | undefined): string => (line ?? '').replace(/^\+\d{10}\.\d{6} /, '');

t.test('each request is a line for each who asked, as Redis writes it', async (t) => {
  const { monitors, monitor, tell } = setup();
  const [one, other] = [monitor(), monitor()];
  monitors.add(one);
  monitors.add(other);
  tell('SET', 'k', 'a "quoted" \\ \r\n\t\b\x07', Buffer.from([0, 0x7f, 0xff]));
  const escaped = String.raw`"a \"quoted\" \\ \r\n\t\b\a" "\x00\x7f\xff"`;
  t.equal(shown(one.lines[0]), `[3 127.0.0.1:5000] "SET" "k" ${escaped}\r\n`);
  t.strictSame(other.lines, one.lines);
  tell('GET', 'x'.repeat(5000));
  t.equal(shown(one.lines[1]).length, '[3 127.0.0.1:5000] "GET" ""\r\n'.length + 4096, 'not more of an argument');
});

t.test('secrets and what manages nodes is not shown', async (t) => {
  const { monitors, monitor, tell } = setup();
  const one = monitor();
  monitors.add(one);
  for (const words of [
    ['AUTH', 'secret'],
    ['QUIT'],
    ['MONITOR'],
    ['BGSAVE'],
    ['CONFIG', 'SET', 'requirepass', 'secret'],
    ['MIGRATE', 'secret'],
  ])
    tell(...words);
  t.strictSame(one.lines, []);
  tell('HELLO', '3', 'AUTH', 'user', 'secret');
  t.equal(shown(one.lines[0]), '[3 127.0.0.1:5000] "HELLO" "3" "(redacted)" "(redacted)" "(redacted)"\r\n');
});

t.test('told of each change once; whoever leaves while being told leaves the others', async (t) => {
  const { monitors, changes, monitor, tell } = setup();
  const [one, other] = [monitor(), monitor()];
  const leaves = { ...monitor(), onPush: () => monitors.remove(leaves) };
  for (const each of [one, leaves, other]) monitors.add(each);
  t.ok(one.monitoring && other.monitoring);
  tell('GET', 'k');
  t.same([one.lines.length, other.lines.length, leaves.monitoring], [1, 1, false]);
  monitors.remove(leaves);
  t.strictSame(changes, [1, 2, 3, 2]);
});
