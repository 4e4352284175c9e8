import t from 'tap';
import type { MergeName } from '../../../src/command/merge.ts';
import { FanOut } from '../../../src/downstream/fan-out.ts';
import { type ErrorCode, errorText } from '../../../src/errors.ts';
import type { ReplyTarget } from '../../../src/upstream/target.ts';

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
