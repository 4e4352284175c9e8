import t from 'tap';
import type { Router } from '../../../src/downstream/router.ts';
import type { Session } from '../../../src/downstream/session.ts';
import { hasStreams, splitStreams } from '../../../src/downstream/stream-split.ts';
import { NO_NODE } from '../../../src/routing/topology.ts';
import type { ReplyTarget } from '../../../src/upstream/target.ts';
import { requestWords } from '../../support/resp-request.ts';
import { viewOf } from '../../support/view.ts';
import { Waiter } from '../upstream/helpers.ts';

interface Sent {
  readonly node: number;
  readonly words: string;
  answer(reply: string): void;
  fail(): void;
}

/** Splits the request; a key's first character is the index of its node, `x` has none. What is sent, and what the session hears. */
function split(...words: string[]) {
  const sent: Sent[] = [];
  const waiter = new Waiter();
  const lane = (node: number) => ({
    node: `n${node}`,
    send(buf: Buffer, start: number, end: number, target: ReplyTarget, token: number): void {
      sent.push({
        node,
        words: requestWords(buf.subarray(start, end)).join(' '),
        answer: (reply) => void target.onReply(token, Buffer.from(`#${reply}#`), 1, reply.length + 1, false),
        fail: () => target.onFailure(token, 'connection_lost', `n${node}`),
      });
    },
  });
  const session = {
    owner: waiter,
    lanes: { at: [0, 1, 2].map(lane) },
    open: () => 7,
    fail: (token: number, code: string) => waiter.heard.push(`${token} !${code}`),
    onReply: waiter.onReply.bind(waiter),
    onFailure: waiter.onFailure.bind(waiter),
  };
  const nodeOfName = (key: Buffer): number => (key.toString()[0] === 'x' ? NO_NODE : Number(key.toString()[0]));
  splitStreams(session as unknown as Session, viewOf(...words), { nodeOfName } as unknown as Router);
  return { sent, heard: waiter.heard };
}

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
const array = (...members: string[]): string => `*${members.length}\r\n${members.join('')}`;
/** A stream with one entry, whose field tells which one it is. */
const stream = (key: string, id: string): string => array(bulk(key), array(array(bulk(id), array(bulk('f'), bulk('v')))));
const map = (...streams: string[]): string => `%${streams.length}\r\n${streams.map((text) => text.slice(text.indexOf('\n') + 1)).join('')}`;

t.test('each node is asked for its streams, each with its id, in the order of the request', async (t) => {
  const { sent } = split('XREAD', 'COUNT', '5', 'STREAMS', '1a', '0a', '1b', '2a', '0b', 'i', 'j', 'k', 'l', 'm');
  t.strictSame(
    sent.map(({ node, words }) => [node, words]),
    [
      [1, 'XREAD COUNT 5 STREAMS 1a 1b i k'],
      [0, 'XREAD COUNT 5 STREAMS 0a 0b j m'],
      [2, 'XREAD COUNT 5 STREAMS 2a l'],
    ],
  );
});

t.test('the reply has the streams in the order of the request, whoever answers first', async (t) => {
  for (const form of [array, map]) {
    const { sent, heard } = split('XREAD', 'STREAMS', '1a', '0a', '1b', '0', '0', '0');
    sent[1]?.answer(form(stream('0a', '2-0')));
    t.strictSame(heard, []);
    sent[0]?.answer(form(stream('1a', '1-0'), stream('1b', '3-0')));
    t.strictSame(heard, [`7 ${form(stream('1a', '1-0'), stream('0a', '2-0'), stream('1b', '3-0'))}`.trimEnd()]);
  }
});

t.test('streams without news are left out', async (t) => {
  const { sent, heard } = split('XREAD', 'STREAMS', '1a', '0a', '1b', '0', '$', '$');
  sent[0]?.answer(array(stream('1b', '3-0')));
  sent[1]?.answer('*-1\r\n');
  t.strictSame(heard, [`7 ${array(stream('1b', '3-0'))}`.trimEnd()]);
  const none = split('XREAD', 'STREAMS', '1a', '0a', '$', '$');
  for (const { answer } of none.sent) answer('*-1\r\n');
  t.strictSame(none.heard, ['7 *-1']);
});

t.test('a stream that is asked for twice comes twice, each where it was asked for', async (t) => {
  const { sent, heard } = split('XREAD', 'STREAMS', '1a', '0a', '1a', '0', '0', '5');
  t.equal(sent[0]?.words, 'XREAD STREAMS 1a 1a 0 5');
  sent[0]?.answer(array(stream('1a', '1-0'), stream('1a', '6-0')));
  sent[1]?.answer(array(stream('0a', '2-0')));
  t.strictSame(heard, [`7 ${array(stream('1a', '1-0'), stream('0a', '2-0'), stream('1a', '6-0'))}`.trimEnd()]);
});

t.test('an error of a node, or none to ask, is the reply', async (t) => {
  const wrong = split('XREAD', 'STREAMS', '1a', '0a', '0', '0');
  wrong.sent[0]?.answer('-WRONGTYPE no\r\n');
  wrong.sent[1]?.answer(array(stream('0a', '2-0')));
  t.strictSame(wrong.heard, ['7 -WRONGTYPE no']);
  const lost = split('XREAD', 'STREAMS', '1a', '0a', '0', '0');
  lost.sent[0]?.answer(array(stream('1a', '2-0')));
  lost.sent[1]?.fail();
  t.strictSame(lost.heard, ['7 !connection_lost n0']);
  const nowhere = split('XREAD', 'STREAMS', '1a', 'xa', '0', '0');
  t.strictSame([nowhere.heard, nowhere.sent], [['7 !no_nodes'], []], 'nothing is sent');
});

t.test('a request can be cut where every stream has its id', async (t) => {
  const can = (...words: string[]): boolean => hasStreams(viewOf('XREAD', ...words));
  t.ok(can('STREAMS', 'a', '0'));
  t.ok(can('count', '5', 'streams', 'a', 'b', '0', '0'));
  t.ok(can('COUNT', 'STREAMS', 'STREAMS', 'a', '0'), 'what follows COUNT is its number');
  t.notOk(can('STREAMS'));
  t.notOk(can('STREAMS', 'a', 'b', '0'));
  t.notOk(can('COUNT', '5', 'a', '0'));
});
