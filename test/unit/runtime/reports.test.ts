import t from 'tap';
import type { ToWorker, WorkerReport } from '../../../src/runtime/messages.ts';
import { Reports } from '../../../src/runtime/reports.ts';
import { Totals } from '../../../src/runtime/totals.ts';
import { within } from '../../support/wait.ts';

class Asked {
  readonly asks: number[] = [];
  post(message: ToWorker): void {
    if (message.type === 'report') this.asks.push(message.ask);
  }
}

const EMPTY: WorkerReport = { cpuSeconds: 1, residentBytes: 1, pools: [] };

function setUp() {
  const reports = new Reports<Asked>(new Totals([]));
  const [one, two] = [new Asked(), new Asked()];
  for (const worker of [one, two]) reports.report(worker, 0, EMPTY);
  return { reports, one, two };
}

/** Whether it is settled once everything that is due has run. */
async function isOver(promise: Promise<void>): Promise<boolean> {
  const over = promise.then(() => true);
  return Promise.race([over, new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);
}

t.test('waits for the answers to its own question, not for what was on its way', async (t) => {
  const { reports, one, two } = setUp();
  const first = reports.refresh();
  const second = reports.refresh();
  for (const worker of [one, two]) reports.report(worker, 0, EMPTY);
  t.equal(await isOver(first), false);
  reports.report(one, one.asks[0] as number, EMPTY);
  t.equal(await isOver(first), false);
  reports.report(two, two.asks[0] as number, { ...EMPTY, cpuSeconds: 5 });
  t.equal(await isOver(first), true);
  t.equal(reports.totals.processes().cpuSeconds, 6);
  t.equal(await isOver(second), false);
  for (const worker of [one, two]) reports.report(worker, worker.asks[1] as number, EMPTY);
  t.equal(await isOver(second), true);
});

t.test('a worker that is gone is not waited for', async (t) => {
  const { reports, one, two } = setUp();
  const asked = reports.refresh();
  reports.report(one, one.asks[0] as number, EMPTY);
  reports.retire(two);
  t.equal(await isOver(asked), true);
  void reports.refresh();
  t.same([one.asks.length, two.asks.length], [2, 1]);
});

t.test('a worker that does not answer is late, not in the way', async (t) => {
  const { reports } = setUp();
  await within(reports.refresh(), 'the deadline');
  t.equal(reports.totals.processes().cpuSeconds, 2, 'its last report stands');
});
