import t, { type Test } from 'tap';
import { type Failure, Feed } from '../../../../src/downstream/pubsub/feed.ts';
import { clock, tick } from '../../../../src/util/clock.ts';
import { gate, type Script } from '../../../support/scripted-node.ts';
import { until } from '../../../support/wait.ts';
import { type Site, type SiteOptions, startSite, Taker, TIMEOUT_MS } from '../../upstream/helpers.ts';

tick();

interface Setup extends Site {
  readonly feed: Feed;
  /** Messages, and what became of each order: its name, with the error if there was one. */
  readonly heard: string[];
  subscribe(name: string, kind?: 'channel' | 'pattern' | 'shard'): void;
  /** When it is over, `-NAME` is heard. */
  unsubscribe(name: string): void;
  waitHeard(count: number): Promise<void>;
}

/** A node that confirms by pushes and answers PING. */
const confirms: Script = ({ args }) => (args[0] === 'PING' ? '+PONG\r\n' : `>3\r\n+${args[0]}\r\n+${args[1]}\r\n:1\r\n`);

async function setup(t: Test, script: Script = confirms, options: SiteOptions = {}): Promise<Setup> {
  const site = await startSite(t, script, { identity: { protocol: 3, database: 0 }, ...options });
  const heard: string[] = [];
  const feed = new Feed(site.lane, { onMessage: (buf, start, end) => heard.push(buf.toString('latin1', start, end)) });
  t.teardown(() => feed.close());
  const told = (failure: Failure | null): string => {
    if (failure === null) return '';
    return ` ${'code' in failure ? failure.code : failure.reply.toString('latin1').trimEnd()}`;
  };
  return {
    ...site,
    feed,
    heard,
    subscribe: (name, kind = 'channel') => feed.subscribe(kind, [name], (failure) => heard.push(`${name}${told(failure)}`)),
    unsubscribe: (name) => feed.unsubscribe('channel', [name], () => heard.push(`-${name}`)),
    waitHeard: async (count) => {
      await until(
        () => heard.length >= count,
        () => `${count} events, there are ${heard.length}`,
      );
    },
  };
}

const words = (asked: readonly string[]): string[] => asked.map((line) => line.slice(2)).filter((line) => line !== 'PING');

t.test('orders go in their order on one connection, and are done when the node has carried them out', async (t) => {
  const held = gate();
  const { feed, asked, subscribe, heard, node, waitAsked, waitHeard, owner } = await setup(t, async (request) => {
    if (request.args[0] === 'PING') await held.promise;
    return confirms(request);
  });
  subscribe('a');
  subscribe('p*', 'pattern');
  t.notOk(feed.isEmpty);
  await waitAsked(2);
  t.notOk(heard.includes('a'), 'the node may not have seen to it');
  held.open();
  await waitHeard(4);
  subscribe('s', 'shard');
  await waitHeard(6);
  t.strictSame(words(asked), ['subscribe a', 'psubscribe p*', 'ssubscribe s']);
  t.strictSame(
    heard.filter((line) => !line.startsWith('>')),
    ['a', 'p*', 's'],
  );
  t.same([node.accepted, owner.counters.requests], [1, 3]);
});

t.test('messages come as they are; none once nothing is subscribed to', async (t) => {
  const { feed, subscribe, unsubscribe, heard, node, lane, waitHeard } = await setup(t, ({ args }) =>
    args[0] === 'PING' ? '+PONG\r\n' : undefined,
  );
  subscribe('a');
  subscribe('b');
  await waitHeard(2);
  node.connections[0]?.write('>3\r\n+message\r\n+a\r\n+hello\r\n');
  await waitHeard(3);
  t.equal(heard[2], '>3\r\n+message\r\n+a\r\n+hello\r\n');
  unsubscribe('a');
  await waitHeard(4);
  t.notOk(feed.closed);
  unsubscribe('b');
  t.notOk(feed.closed, 'what the node has sent is still to come');
  await waitHeard(5);
  t.ok(feed.closed && feed.isEmpty, 'with the last one the connection ends');
  t.equal(lane.reserved, 0);
  feed.onPush(Buffer.from('late'), 0, 4);
  t.strictSame(heard.slice(3), ['-a', '-b']);
  await until(() => node.connections.length === 0, 'the connection to be closed');
});

t.test('the last name goes while something is on its way: closed when that is answered', async (t) => {
  const { feed, subscribe, lane, waitHeard } = await setup(t);
  for (const name of ['a', 'b']) subscribe(name);
  await waitHeard(4);
  feed.unsubscribe('channel', ['a'], () => {});
  feed.unsubscribe('channel', ['b'], () => {});
  t.notOk(feed.closed);
  await until(() => feed.closed, 'the end');
  t.equal(lane.reserved, 0);
});

t.test('what the node has sent before it has carried out an UNSUBSCRIBE is passed on', async (t) => {
  let answers = true;
  const { subscribe, unsubscribe, heard, node, waitHeard, waitAsked } = await setup(t, ({ args }) =>
    args[0] === 'PING' && answers ? '+PONG\r\n' : undefined,
  );
  subscribe('a');
  await waitHeard(1);
  answers = false;
  unsubscribe('a');
  await waitAsked(4);
  node.connections[0]?.write('>2\r\n+first\r\n+x\r\n');
  await waitHeard(2);
  t.notOk(heard.includes('-a'));
  node.connections[0]?.write('>2\r\n+last\r\n+x\r\n+PONG\r\n');
  await waitHeard(4);
  t.strictSame(heard.slice(2), ['>2\r\n+last\r\n+x\r\n', '-a']);
});

t.test('no connection, or none any more: unsubscribed from at once, each time told once', async (t) => {
  let heldUp = false;
  const { feed, subscribe, unsubscribe, heard, node, asked, owner, waitHeard, waitAsked } = await setup(t, ({ args }) =>
    args[0] === 'PING' && !heldUp ? '+PONG\r\n' : undefined,
  );
  for (const name of ['a', 'b', 'c']) subscribe(name);
  await waitHeard(3);
  heldUp = true;
  unsubscribe('a');
  await waitAsked(8);
  owner.accepting = false;
  node.resetAll();
  await waitHeard(4);
  t.equal(heard[3], '-a', 'lost while it was asked');
  await until(() => owner.counters.subscriptionsLost === 1, 'the loss to be counted');
  asked.length = 0;
  unsubscribe('b');
  t.equal(heard[4], '-b', 'while it waits to ask again');
  heldUp = false;
  owner.accepting = true;
  await waitAsked(2);
  t.strictSame(words(asked), ['subscribe c']);
  owner.accepting = false;
  node.resetAll();
  await until(() => owner.counters.subscriptionsLost === 2, 'the second loss');
  unsubscribe('c');
  t.strictSame(heard.slice(3), ['-a', '-b', '-c']);
  t.ok(feed.closed);
});

t.test('while the subscriptions are on their way back: the node is asked behind them', async (t) => {
  const { subscribe, unsubscribe, heard, node, asked, waitHeard, waitAsked } = await setup(t, ({ args }) =>
    args[0] === 'PING' ? '+PONG\r\n' : undefined,
  );
  for (const name of ['a', 'b']) subscribe(name);
  await waitHeard(2);
  asked.length = 0;
  node.resetAll();
  await waitAsked(1);
  unsubscribe('a');
  await waitHeard(3);
  t.strictSame(words(asked), ['subscribe a b', 'unsubscribe a']);
  t.equal(heard[2], '-a');
});

t.test('an UNSUBSCRIBE that the node is late with, or refuses: the other names are subscribed to anew elsewhere', async (t) => {
  let answer: string | undefined = '+PONG\r\n';
  const { subscribe, unsubscribe, heard, lane, node, asked, waitHeard, waitAsked } = await setup(t, ({ args }) => {
    if (args[0] === 'unsubscribe') return answer;
    return args[0] === 'PING' && answer !== undefined ? '+PONG\r\n' : undefined;
  });
  for (const name of ['a', 'b', 'c']) subscribe(name);
  await waitHeard(3);
  answer = undefined;
  unsubscribe('a');
  await waitAsked(8);
  lane.tick(clock.now + TIMEOUT_MS + 1);
  t.equal(heard[3], '-a');
  answer = '-NOPERM no\r\n';
  await waitAsked(10);
  await until(() => lane.inFlight === 0, 'the others to be back');
  unsubscribe('b');
  await waitHeard(5);
  t.equal(heard[4], '-b');
  await waitAsked(14);
  t.strictSame(words(asked).slice(3), ['unsubscribe a', 'subscribe b c', 'unsubscribe b', 'subscribe c']);
  t.equal(node.accepted, 3);
});

t.test('a node that cannot be told of an UNSUBSCRIBE: the connection is given up', async (t) => {
  let full = false;
  const { subscribe, unsubscribe, heard, lane, asked, node, waitHeard, waitAsked } = await setup(
    t,
    ({ args }) => (args[0] === 'PING' && !full ? '+PONG\r\n' : undefined),
    { inFlightMax: 5 },
  );
  for (const name of ['a', 'b']) subscribe(name);
  await waitHeard(2);
  await until(() => lane.inFlight === 0, 'rest');
  full = true;
  for (const name of ['c', 'd', 'e', 'f', 'g']) subscribe(name);
  unsubscribe('a');
  t.equal(heard.at(-1), '-a');
  full = false;
  await waitAsked(6);
  await until(() => words(asked).at(-1) === 'subscribe b' && lane.inFlight === 0, 'the other name to be back');
  t.equal(node.accepted, 2);
});

t.test('a lost connection is asked for again, and what was subscribed to is again', async (t) => {
  const { feed, subscribe, asked, node, owner, waitHeard, waitAsked } = await setup(t, ({ args }) =>
    args[0] === 'PING' ? '+PONG\r\n' : undefined,
  );
  for (const name of ['a', 'b']) subscribe(name);
  subscribe('p*', 'pattern');
  await waitHeard(3);
  feed.unsubscribe('channel', ['b'], () => {});
  await waitAsked(8);
  asked.length = 0;
  node.resetAll();
  await until(() => owner.counters.subscriptionsLost === 1, 'the loss to be counted');
  await waitAsked(4);
  t.strictSame(words(asked), ['subscribe a', 'psubscribe p*']);
  t.equal(node.accepted, 2);
  asked.length = 0;
  subscribe('c');
  await waitAsked(2);
  t.strictSame(words(asked), ['subscribe c']);
});

t.test('an order that was on its way as the connection was lost has failed, and is not repeated', async (t) => {
  const { feed, subscribe, heard, node, asked, waitHeard, waitAsked, owner } = await setup(t, () => {});
  subscribe('a');
  await waitAsked(2);
  node.resetAll();
  await waitHeard(1);
  t.strictSame(heard, ['a connection_lost']);
  t.ok(feed.closed, 'nothing is left');
  t.equal(owner.counters.subscriptionsLost, 0);
  t.equal(asked.length, 2);
});

t.test('refused by the node: in its words; the connection is not used any more, other names are subscribed to anew', async (t) => {
  const { feed, subscribe, heard, asked, waitHeard, waitAsked, node, owner } = await setup(t, ({ args }) => {
    if (args[1] === 'secret') return '-NOPERM no\r\n';
    return args[0] === 'PING' ? '+PONG\r\n' : undefined;
  });
  subscribe('a');
  await waitHeard(1);
  subscribe('secret');
  await waitHeard(2);
  t.strictSame(heard, ['a', 'secret -NOPERM no']);
  await waitAsked(6);
  t.strictSame(words(asked), ['subscribe a', 'subscribe secret', 'subscribe a']);
  t.same([node.accepted, feed.closed, owner.heard], [2, false, []], 'the node has done nothing wrong');
});

t.test('the first name refused: the feed is over', async (t) => {
  const { feed, subscribe, heard, waitHeard, lane } = await setup(t, () => '-NOPERM no\r\n');
  subscribe('a');
  await waitHeard(1);
  t.strictSame(heard, ['a -NOPERM no']);
  t.ok(feed.closed);
  t.equal(lane.reserved, 0);
});

t.test('no connection: whoever waits is told, each once, and may try again', async (t) => {
  const { feed, subscribe, heard, owner, lane, waitHeard } = await setup(t, confirms, { reservedMax: 1 });
  owner.accepting = false;
  subscribe('a');
  t.strictSame(heard, ['a node_down']);
  t.notOk(feed.closed);
  owner.accepting = true;
  const holder = new Taker();
  lane.reserve(holder);
  for (const name of ['b', 'c']) subscribe(name);
  lane.tick(clock.now + TIMEOUT_MS + 1);
  t.strictSame(heard.slice(1), ['b queue_full', 'c queue_full']);
  holder.lease?.destroy('connection_lost', 'gone');
  subscribe('d');
  await waitHeard(5);
  t.equal(heard.at(-1), 'd');
});

t.test('a node that is late with a subscription is late with messages, too: its connection is given up', async (t) => {
  const { feed, subscribe, heard, lane, waitAsked } = await setup(t, () => {});
  subscribe('a');
  await waitAsked(1);
  lane.tick(clock.now + TIMEOUT_MS + 1);
  t.strictSame(heard, ['a timeout']);
  t.ok(feed.closed);
  t.equal(lane.reserved, 0);
});

t.test('a node that brings messages, but does not confirm: what is subscribed to is again, elsewhere', async (t) => {
  let confirming = true;
  const { subscribe, heard, lane, node, waitHeard, waitAsked, asked } = await setup(t, ({ args }) =>
    args[0] === 'PING' && confirming ? '+PONG\r\n' : undefined,
  );
  subscribe('a');
  await waitHeard(1);
  confirming = false;
  subscribe('b');
  await waitAsked(4);
  node.connections[0]?.write('>3\r\n+message\r\n+a\r\n+hello\r\n');
  await waitHeard(2);
  // The node was heard behind the order, and is not silent.
  lane.tick(clock.now + TIMEOUT_MS);
  t.equal(heard.at(-1), 'b timeout');
  await waitAsked(6);
  t.strictSame(words(asked).slice(2), ['subscribe a']);
  t.equal(node.accepted, 2);
});

t.test('closed while it waits in line: it leaves the line', async (t) => {
  const { feed, subscribe, heard, lane } = await setup(t, confirms, { reservedMax: 1 });
  const [holder, behind] = [new Taker(), new Taker()];
  lane.reserve(holder);
  subscribe('a');
  lane.reserve(behind);
  feed.close();
  holder.lease?.destroy('connection_lost', 'gone');
  t.ok(behind.lease !== null);
  t.strictSame(heard, []);
  const other = new Taker();
  feed.onLease(behind.lease as never);
  lane.reserve(other);
  t.ok(other.lease === behind.lease, 'what comes too late is given back');
  const waits = new Feed(lane, { onMessage: () => {} });
  waits.subscribe('channel', ['a'], () => {});
  waits.close();
  other.lease?.destroy('connection_lost', 'gone');
  t.equal(lane.reserved, 0, 'none is opened for it');
});

t.test('closed while it waits to ask again: it does not', async (t) => {
  const { feed, subscribe, node, lane, owner, waitHeard } = await setup(t, ({ args }) => (args[0] === 'PING' ? '+PONG\r\n' : undefined));
  const other = new Feed(lane, { onMessage: () => {} });
  t.teardown(() => other.close());
  subscribe('a');
  let done = false;
  other.subscribe('channel', ['b'], () => {
    done = true;
  });
  await waitHeard(1);
  await until(() => done, 'both to be subscribed');
  node.resetAll();
  await until(() => owner.counters.subscriptionsLost === 2, 'the loss');
  feed.close();
  let asked = 0;
  const { reserve } = lane;
  lane.reserve = (taker) => {
    if (taker === feed) asked++;
    reserve.call(lane, taker);
  };
  // The other one has waited twice when it is back for the second time: together at least as long as the longest first wait.
  await until(() => node.requests.filter(({ args }) => args[1] === 'b').length === 2 && lane.inFlight === 0, 'the other one');
  node.resetAll();
  await until(() => node.requests.filter(({ args }) => args[1] === 'b').length === 3, 'the other one again');
  t.equal(asked, 0);
});
