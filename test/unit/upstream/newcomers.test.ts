import t from 'tap';
import type { ErrorCode } from '../../../src/errors.ts';
import { Newcomers } from '../../../src/upstream/newcomers.ts';
import type { Part, ReplyTarget } from '../../../src/upstream/target.ts';
import { tick } from '../../../src/util/clock.ts';
import { Waiter } from './helpers.ts';

const MIB = 1024 * 1024;
const GET = Buffer.from('*2\r\n$3\r\nGET\r\n$1\r\na\r\n');

interface Sent {
  readonly target: ReplyTarget;
  readonly token: number;
  readonly text: string;
}

/** A lane that notes what it is given; `refuses`: it fails all of that at once. */
function setup({ inFlightMax = 1000, queuedBytesMax = MIB } = {}) {
  const sent: Sent[] = [];
  const lane = {
    refuses: false,
    sendNow(buf: Buffer, start: number, end: number, target: ReplyTarget, token: number): void {
      if (lane.refuses) lane.refuse('node_down', target, token);
      else sent.push({ target, token, text: buf.toString('latin1', start, end) });
    },
    refuse(code: ErrorCode, target: ReplyTarget, token: number): void {
      target.onFailure(token, code, 'a');
    },
  };
  const newcomers = new Newcomers(lane, { inFlightMax, queuedBytesMax });
  const waiter = new Waiter();
  const ask = (count: number, target: ReplyTarget = waiter): void => {
    for (let i = 0; i < count; i++) newcomers.send(GET, 0, GET.length, target, i, false);
  };
  const answer = (size: number): void => {
    const { target, token } = sent.shift() as Sent;
    target.onReply(token, Buffer.alloc(size), 0, size, false);
  };
  return { newcomers, lane, sent, waiter, ask, answer };
}

const part = (size: number, total: number, last: boolean, source: Part['source'] = null): Part => ({
  buf: Buffer.alloc(size),
  start: 0,
  end: size,
  chunk: false,
  last,
  total,
  source,
});

t.test(
  'a few are sent before what comes back is known, the others in turn the oldest and the newest; small replies let more pass',
  async (t) => {
    const { newcomers, sent, waiter, ask, answer } = setup();
    ask(200);
    t.equal(sent.length, 16);
    t.equal(newcomers.waitingBytes, 184 * GET.length);
    for (let i = 0; i < 16; i++) answer(10);
    t.ok(sent.length > 60, `${sent.length} after sixteen small replies`);
    for (let i = 0; i < 40; i++) answer(10);
    t.equal(sent.length, 128, 'never more');
    while (sent.length > 0) answer(10);
    const heard = waiter.heard.map((line) => Number(line.split(' ')[0]));
    t.same(heard.slice(0, 22), [...Array(16).keys(), 16, 199, 17, 198, 18, 197]);
    t.same(
      [...heard].sort((a, b) => a - b),
      [...Array(200).keys()],
    );
    t.equal(newcomers.waitingBytes, 0);
    ask(3);
    t.same(
      sent.map(({ token, text }) => [token, text]),
      [0, 1, 2].map((token) => [token, GET.toString()]),
    );
  },
);

t.test('large replies: as many at a time as four MiB hold, two where they are larger than that', async (t) => {
  const { sent, ask, answer } = setup();
  ask(100);
  while (sent.length > 4) answer(MIB);
  answer(MIB);
  t.equal(sent.length, 4, 'one for one');
  for (let i = 0; i < 3; i++) answer(100 * MIB);
  t.equal(sent.length, 2);
  answer(10);
  t.equal(sent.length, 2, 'one small reply changes little');
});

t.test(
  'a reply in parts tells its size as it comes, and is answered with the last part, or with the first that nobody wants',
  async (t) => {
    const { sent, ask } = setup();
    const parts = new Waiter(undefined, true);
    ask(17, parts);
    const { target, token } = sent.shift() as Sent;
    t.ok(target.parts?.onPart(token, part(MIB, 16 * MIB, false)));
    t.equal(sent.length, 15);
    t.ok(target.parts?.onPart(token, part(10, 16 * MIB + 10, true)));
    t.equal(sent.length, 15, 'the window is down to two');
    for (let i = 0; i < 13; i++) sent.shift()?.target.parts?.onCutOff(0);
    t.equal(sent.length, 2);
    const gone: ReplyTarget = {
      owner: {},
      parts: { onPart: () => false, onCutOff: () => t.fail() },
      onReply: () => false,
      onFailure: () => t.fail(),
    };
    const other = setup();
    other.ask(17, gone);
    const first = other.sent.shift() as Sent;
    t.notOk(first.target.parts?.onPart(0, part(10, 40_000, false)));
    t.equal(other.sent.length, 16, 'it counts no more');
  },
);

t.test('where replies are to be collected, no parts are taken', async (t) => {
  const { sent, ask } = setup();
  ask(1);
  t.equal(sent[0]?.target.parts, null);
});

t.test('a node that refuses: all in line hear it, without recursion', async (t) => {
  const { lane, sent, waiter, ask } = setup({ inFlightMax: 100_000, queuedBytesMax: 100 * MIB });
  ask(50_000);
  lane.refuses = true;
  const { target, token } = sent.shift() as Sent;
  target.onFailure(token, 'connection_lost', 'a');
  t.equal(waiter.heard.length, 50_000 - 15);
  t.equal(new Set(waiter.heard).size, 50_000 - 15, 'each once');
  t.ok(waiter.heard.includes('49999 !node_down a'));
});

t.test('the line has limits, and time', async (t) => {
  const { newcomers, waiter, ask, answer, sent } = setup({ inFlightMax: 3 });
  const now = tick();
  ask(20);
  t.same(waiter.heard, ['19 !queue_full a']);
  const bytes = setup({ queuedBytesMax: 2 * GET.length });
  bytes.ask(19);
  t.same(bytes.waiter.heard, ['18 !queue_full a']);
  newcomers.refuse(now, 'queue_full');
  t.equal(waiter.heard.length, 1, 'not yet');
  newcomers.refuse(now + 1, 'queue_full');
  t.same(waiter.heard.slice(1), ['16 !queue_full a', '17 !queue_full a', '18 !queue_full a']);
  while (sent.length > 0) answer(10);
  ask(1);
  t.equal(sent.length, 1, 'it goes on');
});

t.test('a reply that may be held up for its client counts no more: the next connection is for the others', async (t) => {
  const { sent, ask, answer } = setup();
  const parts = new Waiter(undefined, true);
  const source = { crowded: false, hold: () => true, resume: () => undefined };
  ask(30, parts);
  const held = sent.splice(0, 2);
  for (const { target, token } of held) target.parts?.onPart(token, part(MIB, 9 * MIB, false, source));
  while (sent.length > 2) answer(2 * MIB);
  answer(2 * MIB);
  t.equal(sent.length, 2, 'two at a time, and those that are held are not among them');
  for (const { target, token } of held) target.parts?.onPart(token, part(10, 100 * MIB, true, source));
  t.equal(sent.length, 2, 'their ends let nobody pass');
});

t.test('who is owed a reply keeps none of those that stood behind it in line', async (t) => {
  const { newcomers, sent, ask } = setup();
  ask(18);
  const { target, token } = sent.shift() as Sent;
  target.onReply(token, Buffer.alloc(10), 0, 10, false);
  newcomers.refuse(Number.POSITIVE_INFINITY, 'queue_full');
  for (const each of sent) {
    const { next, request } = each.target as unknown as { next: unknown; request: Buffer };
    t.same([next, request.length], [null, 0]);
  }
});
