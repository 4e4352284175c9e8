import t from 'tap';
import type { Finding, Question } from '../../../src/downstream/local/client-question.ts';
import type { ToWorker } from '../../../src/runtime/messages.ts';
import { Questions } from '../../../src/runtime/questions.ts';
import { until } from '../../support/wait.ts';

type Asked = ToWorker & { type: 'question' };
type Answers = ToWorker & { type: 'answers' };

class Respondent {
  readonly posted: ToWorker[] = [];
  post(message: ToWorker): void {
    this.posted.push(message);
  }
  get asked(): Asked[] {
    return this.posted.filter((each): each is Asked => each.type === 'question');
  }
  get answers(): Answers[] {
    return this.posted.filter((each): each is Answers => each.type === 'answers');
  }
}

const QUESTION: Question = { what: 'kill', filter: { type: 'normal' } };
const ask = (number: number) => ({ type: 'ask', ask: number, pool: 'p', question: QUESTION }) as const;
const answer = (number: number, finding: Finding | null) => ({ type: 'answer', ask: number, finding }) as const;

function setUp(count = 3) {
  const questions = new Questions<Respondent>();
  const workers = Array.from({ length: count }, () => new Respondent());
  for (const [i, worker] of workers.entries()) questions.join(worker, i + 1);
  const [one, two, three] = workers as [Respondent, Respondent, Respondent];
  const reply = (worker: Respondent, finding: Finding | null, at = 0) =>
    questions.answer(worker, answer((worker.asked[at] as Asked).ask, finding));
  return { questions, one, two, three, reply };
}

t.test('the others are asked, and all answers come together', async (t) => {
  const { questions, one, two, three, reply } = setUp();
  questions.ask(one, ask(7));
  t.equal(one.asked.length, 0);
  for (const other of [two, three]) t.match(other.asked, [{ pool: 'p', question: QUESTION }]);
  t.ok((two.asked[0] as Asked).until > Date.now());
  reply(two, { count: 2 });
  t.same(one.answers, []);
  reply(two, { count: 5 });
  t.same(one.answers, [], 'one answer each');
  reply(three, { count: 3 });
  t.same(one.answers, [{ type: 'answers', ask: 7, findings: [{ count: 2 }, { count: 3 }], silent: '' }]);
  reply(three, { count: 3 });
  t.equal(one.answers.length, 1, 'once');
});

t.test('questions of two workers with the same number are two questions', async (t) => {
  const { questions, one, two, reply } = setUp(2);
  questions.ask(one, ask(1));
  questions.ask(two, ask(1));
  reply(one, { count: 1 });
  reply(two, { count: 2 });
  t.same(two.answers, [{ type: 'answers', ask: 1, findings: [{ count: 1 }], silent: '' }]);
  t.same(one.answers, [{ type: 'answers', ask: 1, findings: [{ count: 2 }], silent: '' }]);
});

t.test('who is alone knows all; who is not in service is not asked', async (t) => {
  const { questions, one } = setUp(1);
  questions.ask(one, ask(1));
  t.same(one.answers, [{ type: 'answers', ask: 1, findings: [], silent: '' }]);
});

t.test('who is gone is not waited for, and has no clients', async (t) => {
  const { questions, one, two, three, reply } = setUp();
  questions.ask(one, ask(1));
  questions.ask(two, ask(1));
  questions.retire(two);
  reply(three, { count: 1 });
  t.same(one.answers, [{ type: 'answers', ask: 1, findings: [{ count: 1 }], silent: '' }]);
  t.same(two.answers, [], 'nor is it told');
  questions.ask(one, ask(2));
  t.equal(two.asked.length, 1);
});

t.test('who does not answer in time, or says that it was too late, is named', async (t) => {
  const { questions, one, two, three, reply } = setUp();
  questions.ask(one, ask(1));
  reply(three, { count: 1 });
  await until(() => one.answers.length === 1, 'the deadline');
  t.match(one.answers[0], { findings: [{ count: 1 }], silent: 'worker 2' });
  reply(two, { count: 1 });
  t.equal(one.answers.length, 1);
  questions.ask(one, ask(2));
  reply(two, null, 1);
  reply(three, null, 1);
  t.match(one.answers[1], { findings: [], silent: 'worker 2, worker 3' });
});

t.test('who owes many answers is asked no more until it gives some', async (t) => {
  const { questions, one, two, three, reply } = setUp();
  for (let i = 0; i < 100; i++) {
    questions.ask(one, ask(i));
    reply(three, { count: 1 }, i);
  }
  t.equal(two.asked.length, 64);
  t.equal(three.asked.length, 100);
  t.equal(one.answers.length, 36, 'for the others there is nothing to wait for');
  for (const each of one.answers) t.match(each, { findings: [{ count: 1 }], silent: 'worker 2' });
  reply(two, { count: 1 });
  questions.ask(one, ask(100));
  t.equal(two.asked.length, 65);
  questions.retire(two);
  reply(three, { count: 1 }, 100);
  t.equal(one.answers.length, 101);
});
