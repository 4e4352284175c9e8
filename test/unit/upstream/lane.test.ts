import t from 'tap';
import { encodeRequest } from '../../../src/protocol/multibulk.ts';
import type { Connection } from '../../../src/upstream/connection.ts';
import { clock, tick } from '../../../src/util/clock.ts';
import { OutBuffer } from '../../../src/util/out-buffer.ts';
import { encode } from '../../support/resp.ts';
import { gate } from '../../support/scripted-node.ts';
import { until } from '../../support/wait.ts';
import { ask, heard, IDLE_MS, Keeps, reserved, startSite, Taker, TIMEOUT_MS, Waiter } from './helpers.ts';

tick();

const echo = ({ args }: { args: readonly string[] }): string => `+${args.join(' ')}\r\n`;

function collected(...requests: string[][]): OutBuffer {
  const out = new OutBuffer();
  for (const words of requests) {
    const bytes = encode(words);
    out.append(bytes, 0, bytes.length, false);
  }
  return out;
}

t.test('the first request opens the connection; what waits for the handshake goes in order, each reply to whoever asked', async (t) => {
  const { lane, node, owner, asked } = await startSite(t, echo);
  t.equal(lane.shared, null);
  const [one, other] = [new Waiter(), new Waiter()];
  ask(lane, one, 1, 'GET', 'a');
  ask(lane, other, 2, 'GET', 'b');
  lane.sendCollected(collected(['GET', 'c']), one, 3);
  lane.sendBatch(collected(['MULTI'], ['SET', 'd'], ['EXEC']), 3, other, one, 4);
  t.equal(lane.inFlight, 7, 'with the handshake');
  t.ok(lane.queuedBytes > 0);
  await heard(one, 3);
  t.strictSame(one.heard, ['1 +GET a', '3 +GET c', '4 +EXEC']);
  t.strictSame(other.heard, ['2 +GET b', '0 +MULTI', '1 +SET d']);
  t.strictSame(asked, ['0 GET a', '0 GET b', '0 GET c', '0 MULTI', '0 SET d', '0 EXEC']);
  t.same([owner.counters.requests, node.accepted, lane.inFlight, lane.queuedBytes], [6, 1, 0, 0]);
  t.strictSame(owner.heard, ['serving']);
});

t.test('a node that takes no requests: each is refused at once and counted, by every way', async (t) => {
  const { lane, node, owner } = await startSite(t, echo);
  const waiter = new Waiter();
  const check = (): void => {
    const before = owner.errors('node_down');
    const request = encode(['GET', 'a']);
    lane.send(request, 0, request.length, waiter, 1, false);
    lane.sendCollected(collected(['GET']), waiter, 2);
    lane.sendBatch(collected(['GET'], ['GET']), 2, waiter, waiter, 3);
    lane.sendAlone(request, 0, request.length, waiter, 4, false);
    const taker = new Taker();
    lane.reserve(taker);
    t.equal(taker.refused, 'node_down');
    t.strictSame(waiter.heard.splice(0), ['1 !node_down a', '2 !node_down a', '3 !node_down a', '4 !node_down a']);
    t.equal(owner.errors('node_down') - before, 5);
  };
  owner.accepting = false;
  check();
  t.notOk(lane.openIfNeeded());
  t.same([lane.shared, owner.counters.requests, node.accepted], [null, 0, 0]);
  owner.accepting = true;
  ask(lane, waiter, 5, 'GET', 'a');
  await heard(waiter, 1);
  waiter.heard.length = 0;
  owner.accepting = false;
  check();
  t.ok(lane.shared !== null, 'the connection is there, and not used');
});

t.test('a refused handshake: nothing waits for the next, which is not tried at once', async (t) => {
  const { lane, node, owner } = await startSite(t, echo);
  const greet = gate();
  node.setScript(async () => {
    await greet.promise;
    return '-NOAUTH who are you\r\n';
  });
  const waiter = new Waiter();
  ask(lane, waiter, 1, 'GET', 'a');
  greet.open();
  await heard(waiter, 1);
  await until(() => lane.shared === null, 'the connection to be closed');
  ask(lane, waiter, 2, 'GET', 'a');
  const taker = new Taker();
  lane.lease(taker);
  t.strictSame([...waiter.heard, taker.refused], ['1 !not_sent a', '2 !not_sent a', 'not_sent']);
  t.equal(node.accepted, 1);
  t.equal(lane.refusal, 'PING: NOAUTH who are you');
  clock.now += 101;
  ask(lane, waiter, 3, 'GET', 'a');
  await heard(waiter, 3);
  t.equal(node.accepted, 2, 'then it is');
  t.strictSame(
    owner.heard.filter((line) => line.startsWith('refused')),
    ['refused PING: NOAUTH who are you'],
    'the same reason is told once',
  );
  node.setScript(() => '+PONG\r\n');
  clock.now += 101;
  ask(lane, waiter, 4, 'GET', 'a');
  await heard(waiter, 4);
  t.equal(lane.refusal, '', 'what was accepted since counts');
});

t.test('at the limit of what is in flight a request is refused, and what is there is answered', async (t) => {
  const { lane, owner } = await startSite(t, echo, { inFlightMax: 3 });
  const waiter = new Waiter();
  for (let token = 1; token <= 3; token++) ask(lane, waiter, token, 'GET', `${token}`);
  t.strictSame(waiter.heard, ['3 !queue_full a'], 'the handshake counts');
  t.equal(owner.errors('queue_full'), 1);
  await heard(waiter, 3);
  t.strictSame(waiter.heard.slice(1), ['1 +GET 1', '2 +GET 2']);
});

t.test('a request that is sent alone waits behind nothing on the shared connection, and its lease is used again', async (t) => {
  const slow = gate();
  const { lane, node, owner, waitAsked } = await startSite(t, async (request) => {
    if (request.args[0] === 'SLOW') await slow.promise;
    return echo(request);
  });
  const [waits, alone] = [new Waiter(), new Waiter()];
  ask(lane, waits, 1, 'SLOW');
  await waitAsked(1);
  const request = encode(['GET', 'a']);
  for (let token = 2; token <= 3; token++) {
    lane.sendAlone(request, 0, request.length, alone, token, false);
    await heard(alone, token - 1);
  }
  t.strictSame([waits.heard, alone.heard], [[], ['2 +GET a', '3 +GET a']]);
  t.same([lane.leases, node.accepted, owner.counters.requests], [1, 2, 3]);
  slow.open();
  await heard(waits, 1);
});

t.test('what waits for a lease is kept as it was; cancelled, it is not sent; too late, it is refused', async (t) => {
  const slow = gate();
  const { lane, owner, asked, waitAsked } = await startSite(
    t,
    async (request) => {
      if (request.args[0] === 'SLOW') await slow.promise;
      return echo(request);
    },
    { leasesMax: 1 },
  );
  const waiter = new Waiter();
  const first = encode(['SLOW']);
  lane.sendAlone(first, 0, first.length, waiter, 1, false);
  await waitAsked(1);
  const bytes = Buffer.concat([Buffer.from('##'), encode(['GET', 'kept']), Buffer.from('##')]);
  lane.sendAlone(bytes, 2, bytes.length - 2, waiter, 2, false);
  bytes.fill('!');
  const gone = new Taker();
  lane.lease(gone);
  lane.cancel(gone);
  slow.open();
  await heard(waiter, 2);
  t.strictSame(waiter.heard, ['1 +SLOW', '2 +GET kept']);
  t.same([gone.lease, gone.refused, asked.length], [null, null, 2]);
  const [holder, late] = [new Taker(), new Taker()];
  lane.lease(holder);
  lane.lease(late);
  lane.tick(clock.now + TIMEOUT_MS / 2);
  t.equal(late.refused, null);
  lane.tick(clock.now + TIMEOUT_MS + 1);
  t.equal(late.refused, 'queue_full');
  t.same([owner.errors('queue_full'), holder.refused], [1, null]);
});

t.test('a huge reply takes its connection out of the way; whoever waits behind it keeps the order of its requests there', async (t) => {
  const huge = 9 * 1024 * 1024;
  const rest = gate();
  const { lane, node, asked, waitAsked } = await startSite(t, async (request) => {
    if (request.args[0] !== 'HUGE') return echo(request);
    request.connection.write(`$${huge}\r\n${'x'.repeat(64 * 1024)}`);
    await rest.promise;
    return `${'x'.repeat(huge - 64 * 1024)}\r\n`;
  });
  const owner = {};
  const [reads, behind, other] = [new Waiter(owner, true), new Waiter(), new Waiter()];
  const free = encode(['GET', 'free']);
  lane.sendAlone(free, 0, free.length, other, 0, false);
  await heard(other, 1);
  ask(lane, reads, 1, 'HUGE');
  ask(lane, behind, 2, 'GET', 'behind');
  const was = lane.shared;
  await until(() => reads.partBytes > 0, 'the reply to begin');
  t.ok(lane.shared !== null && lane.shared !== was);
  t.equal(lane.leases, 1);
  ask(lane, new Waiter(owner), 3, 'GET', 'owner');
  ask(lane, behind, 4, 'GET', 'behind again');
  ask(lane, other, 5, 'GET', 'other');
  await heard(other, 2);
  t.ok(asked.includes('0 GET other'), 'others go on elsewhere');
  t.same([reads.heard.length, behind.heard.length], [0, 0]);
  rest.open();
  await heard(behind, 2);
  await waitAsked(6);
  t.strictSame(
    asked.filter((line) => line.startsWith('1')),
    ['1 HUGE', '1 GET behind', '1 GET owner', '1 GET behind again'],
  );
  t.strictSame(reads.heard, [`1 ${huge + `$${huge}\r\n\r\n`.length} bytes`]);
  ask(lane, behind, 6, 'GET', 'later');
  await heard(behind, 3);
  t.equal(asked.at(-1), '0 GET later', 'nothing keeps it there any more');
  const taker = new Taker();
  lane.lease(taker);
  t.ok(taker.lease === was, 'the old one is a lease now');
  was?.send(free, 0, free.length, other, 7, false);
  ask(lane, other, 8, 'GET', 'not there');
  await heard(other, 4);
  t.ok(asked.includes('0 GET not there'));
  t.equal(node.accepted, 2, 'a free lease has taken its place');
});

t.test('with no room for one more connection a huge reply stays where it is', async (t) => {
  const rest = gate();
  const huge = 9 * 1024 * 1024;
  const script = async (): Promise<string> => {
    await rest.promise;
    return '';
  };
  const { lane, node } = await startSite(t, script, { leasesMax: 0 });
  node.setScript(({ args, connection }) => (args[0] === 'PING' ? '+PONG\r\n' : connection.write(`$${huge}\r\n${'x'.repeat(40_000)}`)));
  const reads = new Waiter(undefined, true);
  ask(lane, reads, 1, 'HUGE');
  const was = lane.shared;
  await until(() => reads.partBytes > 0, 'the reply to begin');
  t.ok(lane.shared === was);
  t.equal(lane.leases, 0);
  node.resetAll();
  await heard(reads, 1);
  t.strictSame(reads.heard, ['1 cut off']);
});

t.test('a lost shared connection: unknown what was written, and the next request opens another', async (t) => {
  const { lane, node, owner, waitAsked } = await startSite(t, () => {});
  const waiter = new Waiter();
  ask(lane, waiter, 1, 'SET', 'a');
  await waitAsked(1);
  ask(lane, waiter, 2, 'SET', 'not written yet');
  node.connections[0]?.reset();
  const was = lane.shared;
  was?.destroy('connection_lost', 'in this turn');
  t.strictSame(waiter.heard, ['1 !connection_lost a', '2 !not_sent a']);
  t.equal(lane.shared, null);
  t.strictSame(owner.heard, ['serving', 'closed connection_lost in this turn']);
  ask(lane, waiter, 3, 'SET', 'b');
  await waitAsked(2);
  t.ok(lane.shared !== was);
  t.equal(owner.counters.sent, owner.counters.delivered + owner.counters.failed + lane.inFlight);
});

t.test('a reply without a request, on a reserved connection: the backend is told, and who has it has lost it', async (t) => {
  const { lane, owner, node } = await startSite(t, echo);
  const { keeper } = await reserved(lane);
  node.connections[0]?.write('+surprise\r\n');
  await until(() => keeper.lost !== null, 'the loss');
  t.strictSame([owner.heard, keeper.lost], [['broken reply without a request'], 'reply without a request']);
  t.same([owner.counters.desyncs, lane.reserved], [1, 0]);
});

t.test('reserved ones: as many as are allowed; one that is lost makes room, one that is given back is used again', async (t) => {
  const { lane } = await startSite(t, echo, { reservedMax: 1 });
  const { connection, keeper } = await reserved(lane);
  t.equal(connection.clientId, 7, 'its id is asked for');
  const [second, third] = [new Taker(), new Taker()];
  for (const taker of [second, third]) lane.reserve(taker);
  t.same([lane.reserved, second.lease], [1, null]);
  connection.destroy('connection_lost', 'gone');
  t.equal(keeper.lost, 'gone');
  const next = second.lease as unknown as Connection;
  t.ok(next !== null && next !== connection);
  const keeps = new Keeps();
  next.keeper = keeps;
  lane.giveBack(next);
  t.ok(third.lease === (next as unknown));
  next.destroy('connection_lost', 'gone');
  t.equal(keeps.lost, null, 'it is not that one’s any more');
});

t.test('a reserved connection tells its keeper when all is answered, and is not given back for it', async (t) => {
  const { lane } = await startSite(t, echo);
  const { connection, keeper } = await reserved(lane);
  const waiter = new Waiter();
  const before = keeper.idle;
  for (const token of [1, 2]) connection.send(encode(['GET']), 0, encode(['GET']).length, waiter, token, false);
  await heard(waiter, 2);
  t.equal(keeper.idle - before, 1);
  const taker = new Taker();
  lane.reserve(taker);
  t.ok(taker.lease !== (connection as unknown));
});

t.test('a silent reserved connection is asked for a sign of life; one that gives none is closed, and the node is probed', async (t) => {
  let answers = true;
  const { lane, owner, waitAsked, asked } = await startSite(t, () => (answers ? ':7\r\n' : undefined));
  const { connection, keeper } = await reserved(lane);
  lane.tick(clock.now + IDLE_MS / 2);
  t.equal(connection.inFlight, 0);
  lane.tick(clock.now + IDLE_MS + 1);
  await waitAsked(1);
  await until(() => connection.inFlight === 0, 'the sign of life');
  answers = false;
  lane.tick(clock.now + IDLE_MS + 1);
  await waitAsked(2);
  t.strictSame(asked, ['0 CLIENT ID', '0 CLIENT ID'], 'not PING');
  lane.tick(clock.now + TIMEOUT_MS / 2);
  t.strictSame([keeper.lost, owner.heard], [null, []]);
  lane.tick(clock.now + TIMEOUT_MS + 1);
  t.strictSame([keeper.lost, owner.heard], ['gives no sign of life', ['probe']], 'no request has timed out');
  const free = await reserved(lane);
  lane.giveBack(free.connection);
  lane.probeReserved(clock.now + 1);
  t.equal(free.connection.inFlight, 0, 'nobody has this one');
});

t.test('a lease whose request times out is closed where the node is silent', async (t) => {
  const { lane, owner, waitAsked } = await startSite(t, () => {});
  const waiter = new Waiter();
  const request = encode(['GET', 'a']);
  lane.sendAlone(request, 0, request.length, waiter, 1, false);
  await waitAsked(1);
  lane.tick(clock.now + TIMEOUT_MS / 2);
  t.strictSame(waiter.heard, []);
  lane.tick(clock.now + TIMEOUT_MS + 1);
  t.strictSame(waiter.heard, ['1 !timeout a']);
  t.strictSame([owner.heard, lane.leases], [['timeout'], 0]);
});

t.test('free leases are closed when nobody needs them any more', async (t) => {
  const { lane } = await startSite(t, echo);
  const waiter = new Waiter();
  const request = encodeRequest(['GET', 'a']);
  lane.sendAlone(request, 0, request.length, waiter, 1, false);
  await heard(waiter, 1);
  lane.tick(clock.now + IDLE_MS / 2);
  t.equal(lane.leases, 1);
  lane.tick(clock.now + IDLE_MS + 1);
  t.equal(lane.leases, 0);
});

t.test('a shared connection that does not decide over its node is closed when idle, or silent for too long', async (t) => {
  const { lane, owner, another, waitAsked } = await startSite(t, ({ args }) => (args[0] === 'GET' ? '+OK\r\n' : undefined));
  const waiter = new Waiter();
  ask(lane, waiter, 1, 'GET');
  await heard(waiter, 1);
  lane.expireShared(clock.now + IDLE_MS / 2);
  t.ok(lane.shared !== null);
  lane.expireShared(clock.now + IDLE_MS + 1);
  t.equal(lane.shared, null);
  ask(lane, waiter, 2, 'SLOW');
  await waitAsked(2);
  lane.expireShared(clock.now + TIMEOUT_MS + 1);
  t.ok(lane.shared !== null, 'the node may be slow with this one');
  lane.expireShared(clock.now + TIMEOUT_MS + IDLE_MS + 1);
  t.equal(lane.shared, null);
  t.strictSame(waiter.heard, ['1 +OK', '2 !timeout a']);
  t.equal(owner.heard.filter((line) => line === 'timeout').length, 1);
  const aside = another('newcomer');
  ask(aside, waiter, 3, 'SLOW');
  await waitAsked(3);
  aside.expireShared(clock.now + TIMEOUT_MS + 1);
  t.equal(aside.shared, null, 'beside the others: without it these serve');
});

t.test('stopped: what waits was not sent, what is on its way is unknown, no connection is left', async (t) => {
  const { lane, node, waitAsked } = await startSite(t, () => {}, { reservedMax: 1, leasesMax: 1 });
  const waiter = new Waiter();
  ask(lane, waiter, 1, 'GET');
  const request = encode(['GET']);
  lane.sendAlone(request, 0, request.length, waiter, 2, false);
  await waitAsked(2);
  lane.sendAlone(request, 0, request.length, waiter, 3, false);
  const { keeper } = await reserved(lane);
  const line = new Taker();
  lane.reserve(line);
  lane.stop();
  t.strictSame(waiter.heard, ['3 !not_sent a', '2 !connection_lost a', '1 !connection_lost a']);
  t.strictSame([line.refused, keeper.lost], ['not_sent', 'keyfan is stopping']);
  t.same([lane.shared, lane.leases, lane.reserved], [null, 0, 0]);
  await until(() => node.connections.length === 0, 'the node to hear of it');
});
