import t from 'tap';
import { rowByName } from '../../../src/command/table.ts';
import type { Attention } from '../../../src/downstream/attention.ts';
import { Express } from '../../../src/downstream/express.ts';
import type { Session } from '../../../src/downstream/session.ts';
import type { KernelHash } from '../../../src/kernel/kernel.ts';
import { kernelHash } from '../../../src/kernel/kernel.ts';
import { READ } from '../../../src/kernel/memory.ts';
import { OwnerTable } from '../../../src/kernel/tables.ts';
import { PoolCounters } from '../../../src/observe/counters.ts';
import { argText } from '../../../src/protocol/request.ts';
import { RequestScanner } from '../../../src/protocol/request-scanner.ts';
import { slotOf } from '../../../src/routing/hash/slot.ts';
import { encode } from '../../support/resp.ts';

/** Any request, read into the buffer that all sockets read into; a session that takes note of what is sent for it where. */
function stage(owners: number[] = [0, 1, 2]) {
  const sent: [node: number, text: string, token: number][] = [];
  const state = { topology: 1, owners, active: false, tokens: 0 };
  const lanes = owners.map((_, node) => ({
    send: (buf: Buffer, start: number, end: number, _target: Session, token: number) => {
      sent.push([node, buf.toString('latin1', start, end), token]);
      onSent();
    },
  }));
  let onSent = (): void => {};
  const session = {
    mode: null,
    again: false,
    pace: { shares: true },
    lanes: { at: lanes },
    room: 100,
    lastCommand: null,
    open: () => {
      session.room--;
      return state.tokens++;
    },
  };
  let table = new OwnerTable({ partitions: owners.length, ring: null }, Uint16Array.from(owners));
  const scanner = new RequestScanner({
    bulkMax: 1024,
    routing: { hash: kernelHash('slot', -1, 0) as KernelHash, version: () => state.topology, table: () => table.place() },
  });
  const counters = new PoolCounters(1000);
  const attention = { active: false };
  const express = new Express(attention as unknown as Attention, counters);
  return {
    sent,
    session,
    scanner,
    counters,
    attention,
    after: (what: () => void) => {
      onSent = what;
    },
    swap: (next: number[]) => {
      table = new OwnerTable({ partitions: next.length, ring: null }, Uint16Array.from(next));
      state.topology++;
    },
    run: (src: Buffer, ...requests: string[][]): number => {
      const bytes = Buffer.concat(requests.map((words) => encode(words)));
      bytes.copy(src, 3);
      scanner.begin();
      return express.forward(session as unknown as Session, scanner, src, 3, 3 + bytes.length) - 3;
    },
  };
}

const nodeOf = (key: string, owners: number[] = [0, 1, 2]): number =>
  owners[slotOf(Buffer.from(key), 0, key.length) % owners.length] as number;
const sizeOf = (...requests: string[][]): number => requests.reduce((sum, words) => sum + encode(words).length, 0);

t.test('forwards what comes together, each to its node, in order, and counts it', async (t) => {
  const { run, sent, session, counters } = stage();
  const requests = [
    ['GET', 'a'],
    ['set', 'b', 'value'],
    ['Incr', 'c'],
    ['GET', ''],
  ];
  t.equal(run(READ, ...requests), sizeOf(...requests));
  t.strictSame(
    sent,
    requests.map((words, i) => [words[1] === '' ? 0 : nodeOf(words[1] as string), encode(words).toString('latin1'), i]),
  );
  t.equal(counters.requests[rowByName('get')?.id as number], 2);
  t.equal(counters.requests[rowByName('set')?.id as number], 1);
  t.equal(session.lastCommand, rowByName('get'));
});

t.test('stops before what the kernel has not routed, which is then scanned as ever', async (t) => {
  const others = [
    ['PING'],
    ['MGET', 'a', 'b'],
    ['GET'],
    ['GET', 'a', 'b'],
    ['OBJECT', 'ENCODING', 'a'],
    ['SORT', 'a'],
    ['EVAL', 'x', '0'],
    ['NOSUCH', 'a'],
    ['HSET', ...Array.from({ length: 9 }, () => 'x')],
  ];
  for (const other of others) {
    const { run, sent, scanner } = stage();
    const first = ['GET', 'a'];
    t.equal(run(READ, first, other, first), sizeOf(first), other.join(' '));
    t.equal(sent.length, 1);
    scanner.scan(READ, 3 + sizeOf(first), 3 + sizeOf(first, other, first));
    t.strictSame([scanner.argc, argText(scanner, 0)], [other.length, other[0]]);
    t.equal(scanner.next, 3 + sizeOf(first, other));
  }
});

t.test('forwards no more than the session may have handled', async (t) => {
  const { run, sent, session } = stage();
  session.room = 2;
  const one = ['GET', 'a'];
  t.equal(run(READ, one, one, one), sizeOf(one, one));
  t.equal(sent.length, 2);
  t.equal(run(READ, one), 0);
});

t.test('leaves all to the dispatcher where anything is not as usual', async (t) => {
  const one = ['GET', 'a'];
  const cases: [string, (given: ReturnType<typeof stage>) => void][] = [
    ['a mode', ({ session }) => Object.assign(session, { mode: {} })],
    ['a request that comes again', ({ session }) => Object.assign(session, { again: true })],
    ['a client that asks for bulk replies, or is new', ({ session }) => Object.assign(session, { pace: { shares: false } })],
    ['a pause or a monitor', ({ attention }) => Object.assign(attention, { active: true })],
    ['a client that has not authenticated', ({ scanner }) => Object.assign(scanner, { authenticated: false })],
  ];
  for (const [what, change] of cases) {
    const given = stage();
    change(given);
    t.equal(given.run(READ, one), 0, what);
    t.strictSame(given.sent, []);
  }
  t.equal(stage().run(Buffer.alloc(64), one), 0, 'a carried frame');
});

t.test('routes by the topology of the moment, also where that changes between two requests of one read', async (t) => {
  const { run, sent, swap, after } = stage();
  const one = ['GET', 'a'];
  const next = [1, 2, 0];
  after(() => {
    after(() => {});
    swap(next);
  });
  t.equal(run(READ, one, one, one), sizeOf(one, one, one));
  t.strictSame(
    sent.map(([node]) => node),
    [nodeOf('a'), nodeOf('a', next), nodeOf('a', next)],
  );
});
