import t from 'tap';
import { Batch } from '../../../src/downstream/batch.ts';
import { ReplyQueue } from '../../../src/downstream/reply-queue.ts';
import { OutBuffer } from '../../../src/util/out-buffer.ts';
import { Patience } from '../../../src/util/patience.ts';
import { Turn } from '../../../src/util/turn.ts';

const OK = Buffer.from('+OK\r\n');

function setup() {
  const replies = new ReplyQueue();
  const out = new OutBuffer();
  const session = {
    dirty: false,
    flushes: 0,
    flush: () => {
      session.flushes++;
    },
  };
  const batch = new Batch(replies, new Patience(), new Turn(), session);
  /** A read with `count` requests. */
  const read = (count: number): number[] => {
    const tokens = Array.from({ length: count }, () => replies.open(0));
    batch.next();
    return tokens;
  };
  const settle = (token: number | undefined): void => replies.settle(token as number, OK, 0, OK.length, false, out);
  return { batch, read, settle, session };
}

t.test('is owed until all that came in one read is answered, in whatever order', async (t) => {
  const { batch, read, settle } = setup();
  t.notOk(batch.owed, 'nothing was read');
  const [a, b, c] = read(3);
  settle(b);
  t.ok(batch.owed);
  settle(a);
  t.ok(batch.owed);
  settle(c);
  t.notOk(batch.owed);
});

t.test('what comes meanwhile is the next one', async (t) => {
  const { batch, read, settle } = setup();
  const [a] = read(1);
  const [b, c] = read(2);
  settle(a);
  t.notOk(batch.owed, 'the first read is answered, and has not to wait for the second');
  batch.next();
  settle(b);
  t.ok(batch.owed);
  settle(c);
  t.notOk(batch.owed);
});

t.test('ended early: the rest is a batch of its own', async (t) => {
  const { batch, read, settle } = setup();
  const [a, b, c] = read(3);
  settle(a);
  batch.end();
  t.notOk(batch.owed);
  batch.next();
  settle(b);
  t.ok(batch.owed);
  settle(c);
  t.notOk(batch.owed);
});

t.test('a wait that lasts ends it', async (t) => {
  const { batch, read, settle, session } = setup();
  const [a] = read(2);
  settle(a);
  batch.wait();
  while (session.flushes === 0) await new Promise((resolve) => setImmediate(resolve));
  t.notOk(batch.owed);
  t.equal(batch.waitingSince, 0);
});
