import t from 'tap';
import type { MergeName } from '../../../src/command/merge.ts';
import { FanOut } from '../../../src/downstream/fan-out.ts';
import { type ErrorCode, errorText } from '../../../src/errors.ts';
import type { Part, ReplyTarget } from '../../../src/upstream/target.ts';
import { LARGE_CHUNK, takeChunk } from '../../../src/util/chunk-pool.ts';

/** What each fragment comes to: a reply of its node, or a failure. */
type Event = string | { readonly code: ErrorCode };

/** Settles the fragments in `arrival` order; what the parent heard. */
function outcome(
  merge: MergeName,
  write: boolean,
  events: readonly Event[],
  arrival = events.map((_, i) => i),
  order: number[] = [],
): string[] {
  const heard: string[] = [];
  const parent: ReplyTarget = {
    owner: heard,
    parts: null,
    onReply: (token, buf, start, end) => heard.push(`${token} ${buf.toString('latin1', start, end)}`) > 0,
    onFailure: (token, code, detail) => heard.push(`${token} -${errorText(code, detail)}\r\n`),
  };
  const names = events.map((_, i) => `n${i}`);
  const fanOut = new FanOut(
    parent,
    7,
    merge,
    write,
    names.map((node) => ({ node })),
    Uint16Array.from(order),
    order.length,
  );
  for (const [n, fragment] of arrival.entries()) {
    t.equal(heard.length, 0, `silent before fragment ${n} of ${events.length}`);
    const event = events[fragment] as Event;
    if (typeof event !== 'string') {
      fanOut.onFailure(fragment, event.code);
      continue;
    }
    // The buffer is overwritten behind the call, as a shared read buffer is.
    const shared = Buffer.from(`##${event}##`, 'latin1');
    fanOut.onReply(fragment, shared, 2, shared.length - 2, false);
    shared.fill('!');
  }
  return heard;
}

t.test('answers once, when the last fragment is settled, whatever the order', async (t) => {
  const events = ['*2\r\n$1\r\na\r\n$1\r\nc\r\n', '*1\r\n$1\r\nb\r\n'];
  const whole = ['7 *3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n'];
  t.same(outcome('array', false, events, [0, 1], [0, 1, 0]), whole);
  t.same(outcome('array', false, events, [1, 0], [0, 1, 0]), whole);
  t.same(outcome('sum', true, [':1\r\n', ':2\r\n', ':0\r\n'], [2, 0, 1]), ['7 :3\r\n']);
  t.same(outcome('status', true, ['+OK\r\n', '+OK\r\n']), ['7 +OK\r\n']);
});

const DOWN = { code: 'node_down' } as const;
const LOST = { code: 'connection_lost' } as const;
const OOM = '-OOM no memory\r\n';

t.test('a read that failed in part: the first error, no part of a reply', async (t) => {
  t.same(outcome('sum', false, [':1\r\n', DOWN]), ['7 -ERR keyfan: node n1 is down; the command was not executed\r\n']);
  t.same(outcome('array', false, [OOM, DOWN], [1, 0]), [`7 ${OOM}`]);
});

t.test('a write: partly executed if anything was done, unknown if anything may have been, else not executed', async (t) => {
  const partly = 'ERR keyfan: the command was partly executed:';
  t.same(outcome('status', true, ['+OK\r\n', DOWN, '+OK\r\n']), [
    `7 -${partly} 2 of 3 parts were done; node n1: node_down, its part did not run\r\n`,
  ]);
  t.same(outcome('sum', true, [OOM, ':1\r\n']), [`7 -${partly} 1 of 2 parts were done; node n0: OOM no memory\r\n`]);
  t.same(outcome('status', true, [DOWN, LOST]), ['7 -ERR keyfan: connection to node n1 was lost; the command may have been executed\r\n']);
  t.same(outcome('status', true, [OOM, LOST]), ['7 -ERR keyfan: connection to node n1 was lost; the command may have been executed\r\n']);
  t.same(outcome('status', true, [DOWN, OOM]), ['7 -ERR keyfan: node n0 is down; the command was not executed\r\n']);
  t.same(outcome('status', true, [OOM, DOWN]), [`7 ${OOM}`], "a node's own error is passed on as it came");
});

t.test('replies of the wrong shape are an error', async (t) => {
  for (const events of [
    [':1\r\n', '+OK\r\n'],
    ['*0\r\n', ':1\r\n'],
  ]) {
    t.match(outcome('sum', false, events), [/^7 -ERR keyfan: node n0, n1 sent a malformed reply/]);
  }
  t.match(outcome('array', false, ['*1\r\n$1\r\na\r\n', '*0\r\n'], [0, 1], [0, 1]), [/malformed/]);
});

/** Two fragments with a reply each, for a parent that is asked for `parts` or whole replies and says whether they are wanted. */
function ofTwo(merge: MergeName, replies: readonly string[], { parts = true, wanted = true, given = false } = {}) {
  const heard: { text: string; given: boolean; buf: Buffer }[] = [];
  const parent: ReplyTarget = {
    owner: heard,
    parts: parts
      ? {
          onPart(token: number, { buf, start, end, chunk, last, total }: Part) {
            heard.push({ text: `${token} ${buf.toString('latin1', start, end)} ${last} ${total}`, given: chunk, buf });
            return wanted;
          },
          onCutOff: () => t.fail(),
        }
      : null,
    onReply(token, buf, start, end, given) {
      heard.push({ text: `${token} ${buf.toString('latin1', start, end)}`, given, buf });
      return wanted;
    },
    onFailure: () => t.fail(),
  };
  const fanOut = new FanOut(parent, 7, merge, false, [{ node: 'a' }, { node: 'b' }], Uint16Array.of(1, 0), merge === 'array' ? 2 : 0);
  for (const [i, reply] of replies.entries()) {
    const buf = given ? takeChunk(LARGE_CHUNK) : Buffer.alloc(LARGE_CHUNK);
    const end = buf.write(reply, 'latin1');
    fanOut.onReply(i, buf, 0, end, given);
  }
  return heard;
}

const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('a large merged reply leaves in the chunk it was made in, which comes back where nobody wants it', async (t) => {
  const bulk = (letter: string): string => `$20000\r\n${letter.repeat(20_000)}\r\n`;
  const replies = [`*1\r\n${bulk('a')}`, `*1\r\n${bulk('b')}`];
  const whole = `*2\r\n${bulk('b')}${bulk('a')}`;
  const [taken] = ofTwo('array', replies);
  t.equal(taken?.text, `7 ${whole} true ${whole.length}`);
  t.ok(taken?.given);
  t.not(takeChunk(LARGE_CHUNK).buffer, taken?.buf.buffer);
  await later();
  const [unwanted] = ofTwo('array', replies, { wanted: false });
  t.equal(takeChunk(LARGE_CHUNK).buffer, unwanted?.buf.buffer);
  const [plain] = ofTwo('array', replies, { parts: false });
  t.same([plain?.text, plain?.given], [`7 ${whole}`, false]);
  t.equal(takeChunk(LARGE_CHUNK).buffer, plain?.buf.buffer, 'it was copied, so the chunk is free');
});

t.test('an answer that is one of the replies is to be copied: its chunk is used again', async (t) => {
  const text = `+${'x'.repeat(40_000)}\r\n`;
  const [answer] = ofTwo('status', [text, text], { given: true });
  t.same([answer?.text, answer?.given], [`7 ${text}`, false]);
});

t.test('a merged reply that fills little of its chunk is copied: it may wait for long', async (t) => {
  const bulk = `$9000\r\n${'x'.repeat(9000)}\r\n`;
  const [answer] = ofTwo('array', [`*1\r\n${bulk}`, `*1\r\n${bulk}`]);
  t.same([answer?.text, answer?.given], [`7 *2\r\n${bulk}${bulk}`, false]);
  t.equal(takeChunk(LARGE_CHUNK).buffer, answer?.buf.buffer, 'the chunk is free');
});

t.test('what Node cuts small buffers from is no chunk, also where it is as large as one', async (t) => {
  const usual = Buffer.poolSize;
  t.teardown(() => {
    Buffer.poolSize = usual;
  });
  Buffer.poolSize = LARGE_CHUNK;
  let small = Buffer.from('x');
  for (let i = 0; i < 10_000 && small.buffer.byteLength !== LARGE_CHUNK; i++) small = Buffer.from('some bytes');
  t.equal(small.buffer.byteLength, LARGE_CHUNK);
  const [answer] = ofTwo('sum', [':1\r\n', ':2\r\n']);
  t.same([answer?.text, answer?.given], ['7 :3\r\n', false]);
  ofTwo('array', ['*1\r\n$1\r\na\r\n', `*1\r\n$20000\r\n${'x'.repeat(20_000)}\r\n`], { given: true });
  await later();
  for (let i = 0; i < 10; i++) t.not(takeChunk(LARGE_CHUNK).buffer, small.buffer);
});
