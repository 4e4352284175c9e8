import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import { Upload, type Uploader } from '../../../src/downstream/upload.ts';
import type { Connection } from '../../../src/upstream/connection.ts';
import type { Lane } from '../../../src/upstream/lane-contract.ts';
import type { LeaseTaker } from '../../../src/upstream/leases.ts';
import { LARGE_CHUNK, takeChunk } from '../../../src/util/chunk-pool.ts';
import { clock, tick } from '../../../src/util/clock.ts';
import { Intake } from '../../../src/util/intake.ts';
import { gate, type Script } from '../../support/scripted-node.ts';
import { until } from '../../support/wait.ts';
import { heard, type Site, type SiteOptions, startSite, Taker, TIMEOUT_MS, Waiter } from '../upstream/helpers.ts';

tick();

const KIB = 1024;
const MIB = KIB * KIB;

/** The side of a session that an upload sees; its tokens count from 1. */
class Session extends Waiter implements Uploader {
  override readonly parts = this;
  readonly lanes: { at: Lane[] };
  inFlight = 0;
  opened = 0;
  ready = 0;

  constructor(lane: Lane) {
    super(undefined, true);
    this.lanes = { at: [lane] };
  }
  open(): number {
    return ++this.opened;
  }
  onLaneReady(): void {
    this.ready++;
  }
}

/** A SET of `size` bytes, and a client that sends it as it likes. */
class Client {
  readonly upload: Upload;
  readonly request: Buffer;
  readonly #intake = new Intake({ needed: 0, process: () => 0 });
  #sent = 0;

  constructor(session: Session, size: number) {
    this.upload = new Upload(session, 0);
    const value = Buffer.alloc(size, 'no two pieces are the same ');
    this.request = Buffer.concat([Buffer.from(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${size}\r\n`), value, Buffer.from('\r\n')]);
  }

  /** Sends as much more, from a buffer that is used again, in pieces as reads bring them. */
  send(size: number): void {
    const end = Math.min(this.request.length, this.#sent + size);
    for (const shared = Buffer.alloc(70 * KIB); this.#sent < end; ) {
      const step = Math.min(64 * KIB, end - this.#sent);
      this.request.copy(shared, 3, this.#sent, this.#sent + step);
      this.#sent += step;
      this.upload.take(this.#intake, shared, 3, 3 + step, this.#sent === this.request.length);
      shared.fill('!');
    }
  }

  /** Sends the rest; what `finish` said. */
  end(): boolean {
    this.send(this.request.length);
    return this.upload.finish();
  }
}

async function setup(t: Test, script: Script, options: SiteOptions = {}): Promise<Site & { readonly session: Session }> {
  const site = await startSite(t, script, { leasesMax: 1, ...options });
  return { ...site, session: new Session(site.lane) };
}

/** Has more than is collected, nothing else in flight, and its lease. */
async function passing(session: Session, size = 1.5 * MIB): Promise<Client> {
  const client = new Client(session, size);
  client.send(MIB + KIB);
  client.upload.advance();
  await until(() => session.ready > 0, 'the lease');
  return client;
}

const ok: Script = () => '+OK\r\n';

t.test('up to a mebibyte it is collected, and goes the way of everything else when it is whole', async (t) => {
  const { session, node, lane } = await setup(t, ok);
  const client = new Client(session, 900 * KIB);
  client.send(800 * KIB);
  client.upload.advance();
  t.ok(client.upload.ready);
  t.same([session.opened, client.upload.collectedBytes, node.accepted], [0, 800 * KIB, 0], 'no place yet, nothing sent');
  t.equal(client.end(), false, 'nothing has to wait for it');
  t.same([session.opened, client.upload.collectedBytes], [1, 0]);
  await heard(session, 1);
  t.strictSame(session.heard, ['1 +OK']);
  t.ok(node.requests.at(-1)?.raw.equals(client.request));
  t.equal(lane.leases, 0);
});

t.test('what is larger waits for what is in flight, then for a lease, then passes', async (t) => {
  const { session, node, lane, asked } = await setup(t, ok);
  session.inFlight = 1;
  const client = new Client(session, 1.5 * MIB);
  client.send(MIB);
  t.notOk(client.upload.ready, 'enough is collected');
  client.upload.advance();
  t.same([session.opened, lane.leases, client.upload.ready], [0, 0, false], 'something is in flight');
  session.inFlight = 0;
  client.upload.advance();
  t.same([session.opened, lane.leases, session.ready], [1, 1, 1]);
  client.upload.advance();
  t.equal(session.opened, 1, 'one place');
  client.send(100 * KIB);
  t.equal(client.end(), true, 'the reply is waited for');
  await heard(session, 1);
  t.strictSame(session.heard, ['1 +OK']);
  t.ok(node.requests.at(-1)?.raw.equals(client.request));
  t.equal(asked.length, 1);
  const taker = new Taker();
  lane.lease(taker);
  t.ok(taker.lease !== null && lane.leases === 1, 'the lease is free again');
});

t.test('it waits in line for its lease, and may be whole by then', async (t) => {
  const { session, lane, node } = await setup(t, ok);
  const holder = new Taker();
  lane.lease(holder);
  const client = new Client(session, 1.5 * MIB);
  client.send(MIB + KIB);
  client.upload.advance();
  t.same([session.opened, session.ready, client.upload.ready], [1, 0, false]);
  t.equal(client.end(), true);
  holder.lease?.destroy('connection_lost', 'gone');
  t.equal(session.ready, 1);
  await heard(session, 1);
  t.strictSame(session.heard, ['1 +OK']);
  t.ok(node.requests.at(-1)?.raw.equals(client.request));
});

t.test('no lease: the error stands in its place, and the rest is read and dropped', async (t) => {
  for (const cause of ['queue_full', 'node_down'] as const) {
    const { session, lane, owner, asked } = await setup(t, ok);
    if (cause === 'node_down') owner.accepting = false;
    else lane.lease(new Taker());
    const client = new Client(session, 1.5 * MIB);
    client.send(MIB + KIB);
    client.upload.advance();
    lane.tick(clock.now + TIMEOUT_MS + 1);
    t.strictSame(session.heard, [`1 !${cause} a`]);
    t.same([session.ready, client.upload.ready, client.upload.collectedBytes], [1, true, 0]);
    client.send(100 * KIB);
    t.equal(client.upload.collectedBytes, 0);
    t.equal(client.end(), false, 'nothing is waited for');
    t.same([session.opened, session.heard.length, asked.length], [1, 1, 0]);
  }
});

t.test('a node that is lost in the middle has not run it; once it is whole nobody knows', async (t) => {
  for (const whole of [false, true]) {
    const { session, node, owner } = await setup(t, () => {});
    const client = await passing(session);
    await until(() => node.connections.length === 1, 'the connection');
    if (whole) {
      client.end();
      await until(() => node.requests.length === 2, 'the request');
    }
    const ready = session.ready;
    node.resetAll();
    await heard(session, 1);
    t.strictSame(session.heard, [`1 !${whole ? 'connection_lost' : 'not_sent'} a`]);
    t.equal(session.ready > ready, !whole, 'the rest is to be read');
    if (!whole) t.same([client.upload.ready, client.end(), session.heard.length], [true, false, 1]);
    t.equal(owner.counters.sent, owner.counters.delivered + owner.counters.failed + owner.counters.dropped);
  }
});

t.test('what the node answers to half of it is the reply; it does not get the other half', async (t) => {
  const { session, node, lane } = await setup(t, ok);
  const client = await passing(session);
  const ready = session.ready;
  await until(() => node.requests.length === 1 && lane.queuedBytes === 0, 'what there is to be sent');
  node.connections[0]?.write('-OOM no memory\r\n');
  await heard(session, 1);
  t.strictSame(session.heard, ['1 -OOM no memory']);
  t.ok(session.ready > ready && client.upload.ready);
  t.equal(client.end(), false);
  t.equal(lane.leases, 0, 'that connection is of no use any more');
  await until(() => node.connections.length === 0, 'its end');
  t.equal(session.heard.length, 1);
});

t.test('chunks are taken over as they are, and let go of where the rest is dropped', async (t) => {
  const { session, owner } = await setup(t, ok);
  let taken = 0;
  const intake = { mayHandOn: () => true, handedOn: () => taken++ } as unknown as Intake;
  const upload = new Upload(session, 0);
  const bring = (): void => upload.take(intake, takeChunk(LARGE_CHUNK), 0, LARGE_CHUNK, false);
  while (upload.ready) bring();
  t.equal(upload.collectedBytes, taken * LARGE_CHUNK);
  owner.accepting = false;
  upload.advance();
  t.equal(upload.collectedBytes, 0);
  const before = taken;
  bring();
  t.same([taken - before, upload.collectedBytes], [1, 0]);
});

t.test('a reply in parts, whole and cut off', async (t) => {
  const begun = gate();
  const { session, lane, node } = await setup(t, async ({ connection, index }) => {
    connection.write(`$100000\r\n${'x'.repeat(50_000)}`);
    await begun.promise;
    if (index > 1) connection.reset();
    else return `${'x'.repeat(50_000)}\r\n`;
  });
  const client = await passing(session);
  client.end();
  await until(() => session.partBytes > 0, 'the first part');
  begun.open();
  await heard(session, 1);
  t.strictSame(session.heard, ['1 100011 bytes']);
  t.equal(lane.leases, 1);
  const next = new Taker();
  lane.lease(next);
  t.equal(next.lease?.onDrain, null, 'whoever has the lease now is not mistaken for it');
  next.lease?.destroy('connection_lost', 'not needed');
  const again = await passing(session);
  again.end();
  await heard(session, 2);
  t.strictSame(session.heard, ['1 100011 bytes', '2 cut off']);
  t.equal(node.accepted, 2);
});

t.test('a client that leaves while it is collected, in line, on its way and whole', async (t) => {
  const { session, lane, node, owner, asked } = await setup(t, () => {});
  const collecting = new Client(session, 1.5 * MIB);
  collecting.send(MIB / 2);
  collecting.upload.abort();
  t.same([collecting.upload.collectedBytes, lane.leases], [0, 0]);

  const holder = new Taker();
  lane.lease(holder);
  const { sent } = owner.counters;
  const waits = new Client(session, 1.5 * MIB);
  waits.send(1.2 * MIB);
  waits.upload.advance();
  waits.upload.abort();
  t.equal(waits.upload.collectedBytes, 0);
  holder.lease?.destroy('connection_lost', 'gone');
  t.same([lane.leases, session.ready, owner.counters.sent], [0, 0, sent], 'nobody is in line any more');

  const passes = await passing(session);
  await until(() => node.connections.length === 1, 'the connection');
  passes.upload.abort();
  await until(() => node.connections.length === 0, 'its end: half a request is on it');
  t.equal(lane.leases, 0);

  session.ready = 0;
  const whole = await passing(session);
  whole.end();
  await until(() => asked.length > 0, 'the request');
  whole.upload.abort();
  t.same([lane.leases, node.connections.length], [1, 1], 'the node will answer');
});

t.test('a lease that comes for a client that has left is closed', async (t) => {
  const { session, lane } = await setup(t, ok);
  const line: LeaseTaker[] = [];
  session.lanes.at[0] = { node: 'a', lease: (taker: LeaseTaker) => line.push(taker), cancel: () => {} } as unknown as Lane;
  const client = new Client(session, 1.5 * MIB);
  client.send(1.2 * MIB);
  client.upload.advance();
  t.ok(line[0] === client.upload);
  client.upload.abort();
  const taker = new Taker();
  lane.lease(taker);
  client.upload.onLease(taker.lease as unknown as Connection);
  t.ok(taker.lease?.closed);
  client.upload.onNoLease('not_sent');
  t.same([session.heard, session.ready], [[], 0]);
});

t.test('it leaves the line where it stands, though the session has another lane by then', async (t) => {
  const { session, another, lane, owner } = await setup(t, ok);
  const holder = new Taker();
  lane.lease(holder);
  const client = new Client(session, 1.5 * MIB);
  client.send(1.2 * MIB);
  client.upload.advance();
  session.lanes.at[0] = another();
  client.upload.abort();
  const { sent } = owner.counters;
  holder.lease?.destroy('connection_lost', 'gone');
  t.same([lane.leases, owner.counters.sent], [0, sent]);
});

t.test('no deadline before it is whole, then that of any request', async (t) => {
  const { session, lane, waitAsked } = await setup(t, () => {});
  const client = await passing(session);
  await until(() => lane.queuedBytes === 0, 'what there is to be sent');
  lane.tick(clock.now + TIMEOUT_MS * 10);
  t.strictSame(session.heard, []);
  client.end();
  await waitAsked(1);
  lane.tick(clock.now + TIMEOUT_MS / 2);
  t.strictSame(session.heard, []);
  lane.tick(clock.now + TIMEOUT_MS + 1);
  t.strictSame(session.heard, ['1 !timeout a']);
  const holder = new Taker();
  lane.lease(holder);
  const inLine = new Client(session, 1.5 * MIB);
  inLine.send(MIB + KIB);
  inLine.upload.advance();
  inLine.end();
  holder.lease?.destroy('connection_lost', 'gone');
  await waitAsked(2);
  lane.tick(clock.now + TIMEOUT_MS + 1);
  t.strictSame(session.heard.slice(1), ['2 !timeout a'], 'one that was whole before it had its lease');
});

t.test('the client is held up while much waits for the node, and told when the node takes it', async (t) => {
  const { session, node, lane } = await setup(t, () => {});
  const client = await passing(session, 13 * MIB);
  await until(() => lane.queuedBytes === 0, 'what there is to be sent');
  t.ok(client.upload.ready);
  const socket = node.connections[0]?.socket as Socket;
  socket.pause();
  client.send(200 * KIB);
  t.ok(client.upload.ready, 'not much yet');
  client.send(100 * KIB);
  t.notOk(client.upload.ready);
  client.send(12 * MIB);
  session.ready = 0;
  // From here on the node reads and forgets.
  socket.removeAllListeners('data');
  socket.resume();
  await until(() => session.ready > 0, 'to be told');
  t.ok(client.upload.ready);
  client.upload.abort();
  t.strictSame(session.heard, ['1 !not_sent a'], 'its place is open');
});

t.test('a large reply to half of a request is whole, and not cut off behind its last part', async (t) => {
  const { lane, node } = await startSite(t, () => {});
  const session = new Session(lane);
  const client = new Client(session, 2 * MIB);
  client.send(MIB + 100);
  client.upload.advance();
  await until(() => node.requests.length === 1 && lane.queuedBytes === 0, 'what there is to be sent');
  node.connections[0]?.write(`$100000\r\n${'x'.repeat(100_000)}\r\n`);
  await heard(session, 1);
  await until(() => node.connections.length === 0, 'the end');
  t.strictSame(session.heard, ['1 100011 bytes']);
});
