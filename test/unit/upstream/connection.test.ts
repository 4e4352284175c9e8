import t, { type Test } from 'tap';
import type { Connection } from '../../../src/upstream/connection.ts';
import { clock, tick } from '../../../src/util/clock.ts';
import { OutBuffer } from '../../../src/util/out-buffer.ts';
import { encode } from '../../support/resp.ts';
import { gate, type Script } from '../../support/scripted-node.ts';
import { until } from '../../support/wait.ts';
import { heard, Keeps, type Site, type SiteOptions, startSite, TIMEOUT_MS, Waiter } from './helpers.ts';

tick();

interface Setup extends Site {
  readonly connection: Connection;
  /** Whether it was accepted. */
  ask(target: Waiter, token: number, ...words: string[]): boolean;
}

/** A connection beyond its handshake, unless `raw`. */
async function setup(t: Test, script: Script, options: SiteOptions = {}, raw = false): Promise<Setup> {
  const site = await startSite(t, script, options);
  const connection = site.lane.connect();
  if (!raw) await until(() => connection.greeted && connection.inFlight === 0, 'the handshake');
  const ask = (target: Waiter, token: number, ...words: string[]): boolean => {
    const request = encode(words);
    return connection.send(request, 0, request.length, target, token, false);
  };
  return { ...site, connection, ask };
}

const echo: Script = ({ args }) => `+${args.join(' ')}\r\n`;

/** At rest each of what was sent has come to one end. */
function conserved({ owner: { counters }, connection }: Setup): boolean {
  return counters.sent === counters.delivered + counters.dropped + counters.failed && connection.inFlight === 0;
}

t.test('closed before the handshake is through: nothing was executed', async (t) => {
  const all = await setup(t, echo, {}, true);
  const waiter = new Waiter();
  for (const token of [1, 2]) t.ok(all.ask(waiter, token, 'SET'));
  all.connection.destroy('connection_lost', 'first');
  all.connection.destroy('bad_reply', 'second');
  t.strictSame(waiter.heard, ['1 !not_sent a', '2 !not_sent a']);
  t.strictSame(all.owner.heard, ['closed connection_lost first'], 'told once, of the first reason');
  t.same([all.owner.errors('not_sent'), all.owner.errors('connection_lost')], [2, 0], 'the handshake is nobody’s error');
  t.ok(conserved(all));
});

t.test('a node that does not answer the handshake, or is not there', async (t) => {
  const silent = await startSite(t, echo, { connectTimeoutMs: 20 });
  silent.node.setScript(() => {});
  silent.lane.connect();
  await until(() => silent.owner.heard.length > 0, 'the end');
  t.strictSame(silent.owner.heard, ['closed connection_lost timed out while connecting']);
  const slow = await setup(t, echo, {}, true);
  t.equal(slow.connection.expire(clock.now + TIMEOUT_MS), 0, 'the time of requests does not count here');
  await until(() => slow.connection.greeted, 'the handshake');
  const absent = await startSite(t, echo);
  await absent.node.stop();
  absent.lane.connect();
  await until(() => absent.owner.heard.length > 0, 'the end');
  t.match(absent.owner.heard[0], /^closed connection_lost connect ECONNREFUSED/);
});

t.test('whoever hears of the end cannot send there any more, and the owner hears of it last', async (t) => {
  const all = await setup(t, () => {});
  const { connection, owner } = all;
  const order: string[] = [];
  const again = new Waiter();
  const waiter = new Waiter();
  waiter.onFailure = (token) => {
    order.push(`${token}`, `${all.ask(again, 9, 'GET')}`, `${connection.sendBehind(Buffer.from('x'), again, 9)}`, connection.refusal);
    order.push(...owner.heard.filter((line) => line.startsWith('closed')));
  };
  all.ask(waiter, 1, 'GET');
  await all.waitAsked(1);
  all.node.connections[0]?.end();
  await until(() => owner.heard.at(-1) === 'closed connection_lost closed by the node', 'the end');
  t.strictSame(order, ['1', 'false', 'false', 'not_sent']);
  t.strictSame(again.heard, []);
  t.ok(conserved(all));
});

t.test('a request whose time is over keeps its place: its late reply is nobody’s', async (t) => {
  const late = gate();
  const all = await setup(t, async (request) => {
    if (request.args[1] === '1') await late.promise;
    return echo(request);
  });
  const { connection, owner } = all;
  const waiter = new Waiter();
  all.ask(waiter, 1, 'GET', '1');
  await all.waitAsked(1);
  t.equal(connection.expire(clock.now - 1), 0);
  t.ok(connection.carries(waiter.owner));
  t.equal(connection.expire(clock.now + TIMEOUT_MS), 1);
  t.equal(connection.expire(clock.now + TIMEOUT_MS), 0, 'told once');
  t.notOk(connection.carries(waiter.owner));
  t.equal(connection.inFlight, 1);
  all.ask(waiter, 2, 'GET', '2');
  late.open();
  await heard(waiter, 2);
  t.strictSame(waiter.heard, ['1 !timeout a', '2 +GET 2']);
  t.equal(owner.counters.dropped, 1);
  t.ok(conserved(all));
});

t.test('limits: of requests in flight, and of bytes; a larger one passes alone, what belongs to others always', async (t) => {
  const all = await setup(t, () => {}, { inFlightMax: 3, queuedBytesMax: 1000 });
  const { connection } = all;
  const waiter = new Waiter();
  t.ok(all.ask(waiter, 1, 'SET', 'x'.repeat(2000)), 'nothing else is to be sent');
  t.notOk(all.ask(waiter, 2, 'GET'), 'behind it there is no room');
  t.equal(connection.refusal, 'queue_full');
  await until(() => connection.queuedBytes === 0, 'it to be sent');
  t.ok(all.ask(waiter, 3, 'GET'));
  t.notOk(all.ask(waiter, 4, 'GET', 'x'.repeat(1000)));
  const batch = new OutBuffer();
  const request = encode(['GET']);
  for (let i = 0; i < 4; i++) batch.append(request, 0, request.length, false);
  t.ok(connection.sendBatch(batch, 4, waiter, waiter, 5), 'a batch goes as a whole');
  t.equal(connection.inFlight, 6);
  t.notOk(all.ask(waiter, 6, 'GET'));
  t.notOk(connection.sendCollected(batch, waiter, 7));
  t.ok(connection.sendBehind(request, waiter, 8));
  t.strictSame(waiter.heard, [], 'whoever is refused is told by the lane');
});

t.test('what a node must not say closes the connection, and what is in flight is unknown', async (t) => {
  const cases: [string, string, string][] = [
    ['a second reply', '+one\r\n+two\r\n', 'reply without a request'],
    ['the beginning of one', '+one\r\n$5\r\nx', 'reply without a request'],
    ['no reply', 'what\r\n', 'reply cannot be read'],
  ];
  for (const [name, bytes, detail] of cases) {
    const all = await setup(t, () => bytes);
    const waiter = new Waiter();
    all.ask(waiter, 1, 'GET');
    await until(() => all.connection.closed, name);
    t.strictSame(waiter.heard, [bytes.startsWith('+') ? '1 +one' : '1 !bad_reply a'], name);
    t.ok(all.owner.heard.at(-1)?.startsWith(`closed bad_reply ${detail}`), name);
    t.equal(all.owner.counters.desyncs, 1);
    t.ok(conserved(all));
  }
});

t.test('a reply to what was not written yet answers nothing', async (t) => {
  const all = await setup(t, echo);
  const { connection } = all;
  const waiter = new Waiter();
  const bytes = Buffer.from('+early\r\n');
  all.ask(waiter, 1, 'GET');
  connection.process(bytes, 0, bytes.length);
  t.strictSame(waiter.heard, ['1 !not_sent a'], 'and it was not executed');
  t.equal(all.owner.counters.desyncs, 1);
});

t.test('pushes answer nothing: who keeps the connection gets them, else nobody', async (t) => {
  const push = '>2\r\n+invalidate\r\n*0\r\n';
  const all = await setup(t, ({ args }) => `${push}+${args[0]}\r\n${push}`, { identity: { protocol: 3, database: 0 } });
  const waiter = new Waiter();
  all.ask(waiter, 1, 'GET');
  await heard(waiter, 1);
  const pushes: string[] = [];
  all.connection.keeper = Object.assign(new Keeps(), {
    onPush: (buf: Buffer, start: number, end: number) => pushes.push(buf.toString('latin1', start, end)),
  });
  all.ask(waiter, 2, 'GET');
  await until(() => pushes.length >= 2, 'two pushes');
  t.strictSame([...new Set(pushes)], [push]);
  t.strictSame(waiter.heard, ['1 +GET', '2 +GET']);
  t.ok(conserved(all));
});

t.test('a large reply comes in parts to whoever takes them, whole to whoever does not, to nobody where its time is over', async (t) => {
  const size = 300_000;
  const all = await setup(t, ({ args }) => (args[0] === 'LARGE' ? `$${size}\r\n${'x'.repeat(size)}\r\n` : `+${args[0]}\r\n`));
  const [parts, whole] = [new Waiter(undefined, true), new Waiter()];
  all.ask(parts, 1, 'LARGE');
  all.ask(whole, 2, 'LARGE');
  all.ask(whole, 3, 'LARGE');
  t.equal(all.connection.expire(clock.now - 1), 0);
  await heard(whole, 2);
  const bytes = `$${size}\r\n\r\n`.length + size;
  t.strictSame(parts.heard, [`1 ${bytes} bytes`]);
  t.equal(parts.partBytes, bytes);
  t.strictSame(
    whole.heard.map(({ length }) => length),
    [bytes, bytes],
    'with its token, without the line end',
  );
  all.ask(parts, 4, 'LARGE');
  all.ask(parts, 5, 'SMALL');
  all.connection.expire(clock.now + TIMEOUT_MS);
  all.ask(parts, 6, 'SMALL');
  await heard(parts, 4);
  t.strictSame(parts.heard.slice(1), ['4 !timeout a', '5 !timeout a', '6 +SMALL']);
  t.equal(all.owner.counters.dropped, 2);
  t.ok(conserved(all));
});

t.test('a node that stops in the middle of a reply: the client is cut off, what is behind is unknown', async (t) => {
  for (const how of ['lost', 'silent'] as const) {
    const all = await setup(t, ({ args, connection }) => (args[0] === 'LARGE' ? connection.write(`$100000\r\n${'x'.repeat(50_000)}`) : ''));
    const [parts, behind] = [new Waiter(undefined, true), new Waiter()];
    all.ask(parts, 1, 'LARGE');
    all.ask(behind, 2, 'GET');
    await until(() => parts.partBytes > 0, 'the first part');
    t.ok(all.connection.carries(parts.owner) && all.connection.inFlight === 2);
    if (how === 'lost') all.node.resetAll();
    else t.equal(all.connection.expire(clock.now + TIMEOUT_MS), 2);
    await heard(behind, 1);
    t.strictSame(parts.heard, ['1 cut off'], how);
    t.strictSame(behind.heard, [how === 'lost' ? '2 !connection_lost a' : '2 !timeout a']);
    t.ok(all.connection.closed && conserved(all));
  }
});
