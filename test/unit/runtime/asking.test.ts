import t from 'tap';
import type { Findings, Question } from '../../../src/downstream/local/client-question.ts';
import { Asking } from '../../../src/runtime/asking.ts';
import type { ToPrimary } from '../../../src/runtime/messages.ts';
import { within } from '../../support/wait.ts';

const QUESTION: Question = { what: 'list', filter: {} };
const NOTHING: Findings = { findings: [], silent: '' };

function setUp(limitMs?: number) {
  const asks: number[] = [];
  const asking = new Asking((message: ToPrimary) => void (message.type === 'ask' && asks.push(message.ask)), limitMs);
  return { asking, asks };
}

t.test('each gets the answer to its own question', async (t) => {
  const { asking, asks } = setUp();
  const [first, second] = [asking.ask('p', QUESTION), asking.ask('p', QUESTION)];
  asking.answer({ type: 'answers', ask: asks[1] as number, findings: [{ count: 2 }], silent: '' });
  asking.answer({ type: 'answers', ask: asks[0] as number, findings: [{ count: 1 }], silent: 'worker 2' });
  asking.answer({ type: 'answers', ask: 99, ...NOTHING });
  t.same(await first, { findings: [{ count: 1 }], silent: 'worker 2' });
  t.same(await second, { findings: [{ count: 2 }], silent: '' });
});

t.test('few are on their way at a time; the others wait, and beyond a number there is no answer', async (t) => {
  const { asking, asks } = setUp();
  const all = Array.from({ length: 20 }, () => asking.ask('p', QUESTION));
  t.equal(asks.length, 16);
  for (let i = 0; i < 20; i++) asking.answer({ type: 'answers', ask: asks[i] as number, ...NOTHING });
  t.equal(asks.length, 20);
  for (const each of await Promise.all(all)) t.same(each, NOTHING);
  const more = Array.from({ length: 16 + 4096 }, () => asking.ask('p', QUESTION));
  t.same(await asking.ask('p', QUESTION), { findings: [], silent: 'the primary' });
  for (let i = 0; i < more.length; i++) asking.answer({ type: 'answers', ask: asks[20 + i] as number, ...NOTHING });
  await within(Promise.all(more), 'all to be answered');
});

t.test('a primary that hangs is no answer', async (t) => {
  const { asking, asks } = setUp(20);
  const all = Array.from({ length: 17 }, () => asking.ask('p', QUESTION));
  const answers = await within(Promise.all(all), 'the limit');
  for (const each of answers) t.same(each, { findings: [], silent: 'the primary' });
  t.equal(asks.length, 17);
  asking.answer({ type: 'answers', ask: 1, ...NOTHING });
});
