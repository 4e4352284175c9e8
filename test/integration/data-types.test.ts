import t from 'tap';
import { startFleet } from '../support/fleet.ts';
import { startRedis } from '../support/redis.ts';
import { connectResp, type Reply } from '../support/resp-client.ts';
import { type Typed, typedReply } from '../support/typed-reply.ts';
import { SEQUENCE, type Step } from './data-types.ts';

const fleet = await startFleet();
const plain = await startRedis();
t.teardown(async () => {
  await fleet.stop();
  await plain.stop();
});

/** Arrays at every level in one order. */
function sorted(typed: Typed): Typed {
  return typeof typed === 'string' ? typed : typed.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** What must be equal of a reply: its bytes, its elements in any order, or its shape where values are the server's own. */
const COMPARED: Readonly<Record<Step['compare'], (reply: Reply) => string>> = {
  bytes: ({ text }) => text,
  set: ({ raw }) => JSON.stringify(sorted(typedReply(raw))),
  shape: ({ text }) => text.replace(/[0-9.e-]+/g, '#'),
};

t.test('commands of every data type answer as a single Redis does', async (t) => {
  const client = await fleet.connect({ deadlineMs: 20_000 });
  const direct = await connectResp(plain.port, { deadlineMs: 20_000 });
  t.teardown(() => Promise.all([client.close(), direct.close()]));
  const requests = SEQUENCE.map((step) => step.args);
  const [ours, theirs] = await Promise.all([client.pipeline(requests), direct.pipeline(requests)]);
  let failures = 0;
  SEQUENCE.forEach((step, i) => {
    const compared = COMPARED[step.compare];
    const [got, wanted] = [compared(ours[i] as Reply), compared(theirs[i] as Reply)];
    if (step.error !== ((theirs[i] as Reply).text[0] === '-')) {
      t.fail(`${step.text}: the table is wrong, Redis says ${(theirs[i] as Reply).text}`);
    }
    if (got !== wanted) {
      failures++;
      t.equal(got, wanted, step.text);
    }
  });
  t.equal(failures, 0, 'replies that differ');
  t.ok(SEQUENCE.length >= 150, `${SEQUENCE.length} commands`);
});

t.test('the same sequence one command at a time', async (t) => {
  await Promise.all([...fleet.nodes, plain].map((node) => node.call('FLUSHALL')));
  const client = await fleet.connect({ deadlineMs: 20_000 });
  const direct = await connectResp(plain.port, { deadlineMs: 20_000 });
  t.teardown(() => Promise.all([client.close(), direct.close()]));
  const differing: string[] = [];
  for (const step of SEQUENCE) {
    const [ours, theirs] = await Promise.all([client.command(...step.args), direct.command(...step.args)]);
    if (COMPARED[step.compare](ours) !== COMPARED[step.compare](theirs)) differing.push(`${step.text}: ${ours.text} is not ${theirs.text}`);
  }
  t.same(differing, []);
});

t.test('every node got a part of it, and nothing is left in flight', async (t) => {
  for (const node of fleet.nodes) t.ok(Number(await node.call('DBSIZE')) > 0);
  await fleet.conserved();
});
