import fc from 'fast-check';
import t from 'tap';
import { InFlightQueue } from '../../../src/upstream/in-flight-queue.ts';
import type { ReplyTarget } from '../../../src/upstream/target.ts';
import { holds } from '../../fuzz/property.ts';

const target = (): ReplyTarget => ({ owner: {}, parts: null, onReply: () => true, onFailure: () => {} });
const [A, B, C] = [target(), target(), target()];

/** The oldest entry, taken out as a connection does when its reply has come. */
function shift(queue: InFlightQueue): { target: ReplyTarget | null; token: number; sentAt: number } {
  const place = queue.head++ & queue.mask;
  const entry = {
    target: queue.targets[place] as ReplyTarget | null,
    token: queue.tokens[place] as number,
    sentAt: queue.sentAt[place] as number,
  };
  queue.targets[place] = null;
  return entry;
}

type Step =
  | { readonly do: 'push'; readonly count: number }
  | { readonly do: 'shift'; readonly count: number }
  | { readonly do: 'expire'; readonly age: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('push' as const), count: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 60, max: 300 })) }),
  fc.record({ do: fc.constant('shift' as const), count: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 60, max: 300 })) }),
  fc.record({ do: fc.constant('expire' as const), age: fc.nat(8) }),
);

interface Entry {
  readonly target: ReplyTarget;
  readonly token: number;
  readonly sentAt: number;
  expired: boolean;
}

function agrees(steps: readonly Step[]): boolean {
  const queue = new InFlightQueue();
  const model: Entry[] = [];
  let now = 0;
  let token = 0;
  for (const each of steps) {
    now++;
    if (each.do === 'push') {
      for (let i = 0; i < each.count; i++) {
        const entry = { target: [A, B, C][token % 3] as ReplyTarget, token: (token * 2654435761) | 0, sentAt: now, expired: false };
        queue.push(entry.target, entry.token, now);
        model.push(entry);
        token++;
      }
    } else if (each.do === 'shift') {
      for (let i = 0; i < each.count && model.length > 0; i++) {
        const expected = model.shift() as Entry;
        const entry = shift(queue);
        if (entry.target !== (expected.expired ? null : expected.target)) return false;
        if (entry.token !== expected.token || entry.sentAt !== expected.sentAt) return false;
      }
    } else {
      const deadline = now - each.age;
      const due = model.filter((entry) => !entry.expired && entry.sentAt < deadline);
      const reported: [ReplyTarget, number][] = [];
      const count = queue.expire(deadline, (target, token) => reported.push([target, token]));
      if (count !== due.length || reported.length !== due.length) return false;
      if (!due.every((entry, i) => reported[i]?.[0] === entry.target && reported[i]?.[1] === entry.token)) return false;
      for (const entry of due) entry.expired = true;
    }
    if (queue.size !== model.length) return false;
  }
  return true;
}

t.test('entries come out in the order they went in; expired ones as tombstones, reported once', async (t) => {
  await holds(t, 'InFlightQueue', fc.property(fc.array(step, { maxLength: 60 }), agrees), { runs: 600 });
});

t.test('a tombstone keeps its place', async (t) => {
  const queue = new InFlightQueue();
  queue.push(A, 1, 10);
  queue.push(B, 2, 20);
  queue.push(C, 3, 30);
  const reported: number[] = [];
  t.equal(
    queue.expire(20, (_, token) => reported.push(token)),
    1,
  );
  t.equal(
    queue.expire(20, (_, token) => reported.push(token)),
    0,
    'not twice',
  );
  t.same(reported, [1], 'accepted before the deadline, not at it');
  t.equal(queue.size, 3);
  t.equal(shift(queue).target, null);
  t.equal(shift(queue).target, B);
  t.equal(shift(queue).target, C);
  t.equal(queue.size, 0);
});

t.test('growth in the midst of a wrapped ring', async (t) => {
  const queue = new InFlightQueue();
  for (let i = 0; i < 50; i++) queue.push(A, i, i);
  for (let i = 0; i < 50; i++) shift(queue);
  for (let i = 50; i < 50 + 64; i++) queue.push(B, i, i);
  t.equal(queue.mask, 63, 'full, not grown');
  queue.push(C, 114, 114);
  t.equal(queue.mask, 127);
  for (let i = 50; i < 114; i++) t.same(shift(queue), { target: B, token: i, sentAt: i });
  t.same(shift(queue), { target: C, token: 114, sentAt: 114 });
});

t.test('a report may push: the queue is grown under it', async (t) => {
  const queue = new InFlightQueue();
  for (let i = 0; i < 64; i++) queue.push(A, i, 1);
  const reported: number[] = [];
  queue.expire(5, (_, token) => {
    reported.push(token);
    queue.push(B, 1000 + token, 9);
  });
  t.same(
    reported,
    Array.from({ length: 64 }, (_, i) => i),
  );
  t.equal(queue.size, 128);
  for (let i = 0; i < 64; i++) t.equal(shift(queue).target, null);
  for (let i = 0; i < 64; i++) t.same(shift(queue), { target: B, token: 1000 + i, sentAt: 9 });
});

t.test('a report may empty the queue: what was taken is not reported', async (t) => {
  const queue = new InFlightQueue();
  for (let i = 0; i < 5; i++) queue.push(A, i, 1);
  const reported: number[] = [];
  const taken: number[] = [];
  queue.expire(5, (_, token) => {
    reported.push(token);
    if (token === 1) queue.takeAll((_target, left) => taken.push(left));
  });
  t.same(reported, [0, 1]);
  t.same(taken, [2, 3, 4]);
  t.equal(queue.size, 0);
  queue.push(B, 9, 1);
  t.equal(
    queue.expire(5, (_, token) => reported.push(token)),
    1,
    'and the queue goes on',
  );
  t.same(reported, [0, 1, 9]);
});
