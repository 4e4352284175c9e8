import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import t from 'tap';
import { type Queued, SendQueues } from '../../../src/util/send-queues.ts';
import { SocketSink } from '../../../src/util/socket-sink.ts';
import { until } from '../../support/wait.ts';

const MIB = 1024 * 1024;
const NO_REST = 0;
const linux = process.platform === 'linux' ? false : 'Linux only';

/** A socket that notes what it is told. */
class Noted implements Queued {
  readonly told: (number | null)[] = [];
  looks = 0;
  readonly inode: number | null;
  readonly #standing: boolean;

  constructor(inode: number | null, standing = false) {
    this.inode = inode;
    this.#standing = standing;
  }

  beginLook(): void {
    this.looks++;
  }

  endLook(bytes: number | null): boolean {
    this.told.push(bytes);
    return this.#standing;
  }
}

t.test('what the kernel holds of what was written, over IPv4 and IPv6', { skip: linux }, async (t) => {
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer({ pauseOnConnect: true }).listen(0, host);
    await once(server, 'listening');
    const near = connect((server.address() as AddressInfo).port, host);
    const [far] = (await once(server, 'connection')) as [Socket];
    t.teardown(() => {
      near.destroy();
      far.destroy();
      server.close();
    });
    const sink = new SocketSink(near);
    sink.write(Buffer.alloc(16 * MIB));
    const first = await look(sink.inode);
    t.ok(first > 0 && first <= sink.givenBytes, `${host}: ${first} of the ${sink.givenBytes} bytes that it was given`);
    let taken = 0;
    far.on('data', ({ length }) => {
      taken += length;
    });
    far.resume();
    await until(() => taken === 16 * MIB, 'all to be taken');
    t.equal(sink.givenBytes, 16 * MIB);
    await until(async () => (await look(sink.inode)) === 0, 'all to be acknowledged');
    near.destroy();
    t.equal(sink.inode, null, 'a closed socket has none');
  }
});

const all = new SendQueues(undefined, NO_REST);

async function look(inode: number | null): Promise<number> {
  const socket = new Noted(inode);
  all.ask(socket);
  await until(() => socket.told.length > 0, 'the look');
  return socket.told[0] as number;
}

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const row = (inode: number, bytes: number): string =>
  `   0: 0100007F:E5B1 0100007F:0035 01 ${bytes.toString(16).toUpperCase().padStart(8, '0')}:0000FFFF 00:00000000 00000000     0        0 ${inode} 1 0`;

t.test('a table longer than one read; rows of sockets that nobody asked for', async (t) => {
  const table = `${t.testdir()}/tcp`;
  const rows = Array.from({ length: 3000 }, (_, i) => row(1000 + i, 0xa0 + i));
  writeFileSync(table, `${[HEAD, ...rows].join('\n')}\n`);
  const queues = new SendQueues([table], NO_REST);
  const sockets = [0, 1, 1234, 2999].map((i) => new Noted(1000 + i));
  for (const socket of sockets) queues.ask(socket);
  const unknown = new Noted(7);
  queues.ask(unknown);
  await until(() => unknown.told.length > 0, 'the look');
  t.same(
    sockets.map(({ told }) => told),
    [[0xa0], [0xa1], [0xa0 + 1234], [0xa0 + 2999]],
  );
  t.same(unknown.told, [null], 'the table does not have it');
});

t.test('a socket that asks during a look is told by the next', async (t) => {
  const table = `${t.testdir()}/tcp`;
  writeFileSync(table, `${HEAD}\n${row(5, 1)}\n`);
  const queues = new SendQueues([table], NO_REST);
  const first = new Noted(5);
  const second = new Noted(5);
  first.beginLook = () => queues.ask(second);
  queues.ask(first);
  await until(() => second.told.length > 0, 'the second look');
  t.same([first.told, second.told, second.looks], [[1], [1], 1]);
});

t.test('no tables, no inode, a table that cannot be read: told that nothing is known', async (t) => {
  const folder = t.testdir();
  const absent = new SendQueues([`${folder}/none`], NO_REST);
  const socket = new Noted(5);
  absent.ask(socket);
  await until(() => socket.told.length > 0, 'the first look');
  absent.ask(socket);
  const pipe = new Noted(null);
  const queues = new SendQueues([folder], NO_REST);
  queues.ask(pipe);
  const other = new Noted(6);
  queues.ask(other);
  await until(() => other.told.length > 0, 'the look');
  t.same([socket.told, socket.looks], [[null, null], 1], 'absent tables are not looked for again');
  t.same([other.told, pipe.told, pipe.looks], [[null], [null], 0]);
});

t.test('looks are seldom: whoever asks meanwhile is told by the next', async (t) => {
  const table = `${t.testdir()}/tcp`;
  writeFileSync(table, `${HEAD}\n${row(5, 1)}\n${row(6, 2)}\n`);
  const queues = new SendQueues([table], 200);
  const [first, second, third] = [new Noted(5), new Noted(6), new Noted(5)];
  queues.ask(first);
  await until(() => first.told.length > 0, 'the first look');
  const began = performance.now();
  queues.ask(second);
  queues.ask(third);
  await until(() => second.told.length > 0 && third.told.length > 0, 'the second look');
  t.ok(performance.now() - began >= 150, 'not at once');
  t.same([second.told, third.told], [[2], [1]]);
});

t.test('where somebody has taken nothing the next look comes sooner', async (t) => {
  const table = `${t.testdir()}/tcp`;
  writeFileSync(table, `${HEAD}\n${row(5, 1)}\n`);
  const order: string[] = [];
  const twice = async (name: string, standing: boolean): Promise<void> => {
    const queues = new SendQueues([table], 1000, 0);
    const socket = new Noted(5, standing);
    for (const looks of [1, 2]) {
      queues.ask(socket);
      await until(() => socket.told.length === looks, 'a look');
    }
    order.push(name);
  };
  await Promise.all([twice('takes', false), twice('stands', true)]);
  t.same(order, ['stands', 'takes']);
});

t.test('what is urgent comes sooner, and whoever has asked before comes with it', async (t) => {
  const table = `${t.testdir()}/tcp`;
  writeFileSync(table, `${HEAD}\n${row(5, 1)}\n${row(6, 2)}\n`);
  const order: string[] = [];
  const again = async (name: string, urgent: boolean): Promise<void> => {
    const queues = new SendQueues([table], 1000, 0);
    const [before, behind] = [new Noted(5), new Noted(6)];
    queues.ask(before);
    await until(() => before.told.length === 1, 'the first look');
    queues.ask(before);
    queues.ask(behind, urgent);
    await until(() => behind.told.length === 1, 'the next');
    t.same([before.told, behind.told], [[1, 1], [2]]);
    order.push(name);
  };
  await Promise.all([again('not', false), again('urgent', true)]);
  t.same(order, ['urgent', 'not']);
});

t.test('what is urgent during a look stays so', async (t) => {
  const table = `${t.testdir()}/tcp`;
  writeFileSync(table, `${HEAD}\n${row(5, 1)}\n${row(6, 2)}\n`);
  const order: string[] = [];
  const during = async (name: string, urgent: boolean): Promise<void> => {
    const queues = new SendQueues([table], 1000, 0);
    const [early, late] = [new Noted(5), new Noted(6)];
    early.beginLook = () => queues.ask(late, urgent);
    queues.ask(early);
    await until(() => late.told.length === 1, 'the second look');
    order.push(name);
  };
  await Promise.all([during('not', false), during('urgent', true)]);
  t.same(order, ['urgent', 'not']);
});

t.test('many sockets are told apart a few at a time', async (t) => {
  const table = `${t.testdir()}/tcp`;
  writeFileSync(table, `${HEAD}\n`);
  let asked = 0;
  let most = 0;
  const queues = new SendQueues([table], NO_REST);
  const sockets = Array.from({ length: 200 }, (_, i) => {
    const socket = new Noted(i);
    Object.defineProperty(socket, 'inode', {
      get() {
        if (asked === 0)
          setImmediate(() => {
            asked = 0;
          });
        most = Math.max(most, ++asked);
        return 1000 + i;
      },
    });
    return socket;
  });
  for (const socket of sockets) queues.ask(socket);
  await until(() => sockets.every(({ told }) => told.length > 0), 'the look');
  t.ok(most <= 100, `${most} in one turn of the event loop`);
});
