import t from 'tap';
import { ownLane, ownLanes } from '../../../src/downstream/own-lane.ts';
import type { Session } from '../../../src/downstream/session.ts';
import type { ReservedLane } from '../../../src/upstream/reserved-lane.ts';

type Outcome = 'there' | 'waits' | 'fails';

/** A session whose reservations come to `outcome`; what was done, in order. */
function setup(outcome: (node: number) => Outcome = () => 'there') {
  const done: string[] = [];
  const own = new Map<number, ReservedLane>();
  const session = {
    inFlight: 0,
    park: () => done.push('park'),
    open: () => done.push('open'),
    fail: (_token: number, code: string, detail: string) => done.push(`fail ${code} ${detail}`),
    lanes: {
      own: (node: number) => own.get(node),
      forget: (node: number) => void (own.delete(node) && done.push(`forget ${node}`)),
      releaseUnused: () => done.push('release unused'),
      reserve(node: number) {
        done.push(`reserve ${node}`);
        const state = outcome(node);
        const lane = { node: `n${node}`, connection: state === 'there' ? {} : null, failure: state === 'fails' ? 'queue_full' : null };
        own.set(node, lane as unknown as ReservedLane);
        return lane;
      },
    },
  };
  return { session: session as unknown as Session & { inFlight: number }, done, own };
}

t.test('one that is there is used, with requests in flight as well', async (t) => {
  const { session, done, own } = setup();
  const lane = ownLane(session, 1);
  t.ok(lane !== null && lane === own.get(1));
  Object.assign(session, { inFlight: 3 });
  t.ok(ownLane(session, 1) === lane);
  t.strictSame(done, ['reserve 1'], 'asked for once');
});

t.test('a first one is asked for when nothing is in flight: requests to a node keep their order', async (t) => {
  const { session, done } = setup();
  Object.assign(session, { inFlight: 1 });
  t.equal(ownLane(session, 1), null);
  t.strictSame(done, ['park']);
});

t.test('the request waits until it is there', async (t) => {
  const { session, done, own } = setup(() => 'waits');
  t.equal(ownLane(session, 1), null);
  t.equal(ownLane(session, 1), null);
  t.strictSame(done, ['reserve 1', 'park', 'park'], 'asked for once');
  const lane = own.get(1) as ReservedLane;
  lane.connection = {} as never;
  t.ok(ownLane(session, 1) === lane);
});

t.test('why there is none is the answer, once; the next request asks again', async (t) => {
  const { session, done } = setup(() => 'fails');
  t.equal(ownLane(session, 1), null);
  t.strictSame(done, ['reserve 1', 'forget 1', 'release unused', 'open', 'fail queue_full n1']);
  done.length = 0;
  t.equal(ownLane(session, 1), null);
  t.equal(done[0], 'reserve 1');
  t.equal(done.filter((line) => line.startsWith('fail')).length, 1);
});

t.test('of several nodes all, or none; nothing is asked for behind one that is waited for', async (t) => {
  const all = setup();
  t.same(
    ownLanes(all.session, [2, 0])?.map(({ node }) => node),
    ['n2', 'n0'],
  );
  t.same(ownLanes(all.session, []), []);
  const some = setup((node) => (node === 0 ? 'waits' : 'there'));
  t.equal(ownLanes(some.session, [2, 0, 1]), null);
  t.strictSame(some.done, ['reserve 2', 'reserve 0', 'park']);
  const failing = setup((node) => (node === 0 ? 'fails' : 'there'));
  t.equal(ownLanes(failing.session, [2, 0, 1]), null);
  t.strictSame(failing.done.slice(1), ['reserve 0', 'forget 0', 'release unused', 'open', 'fail queue_full n0'], 'answered once');
});
