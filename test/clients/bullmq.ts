import { FlowProducer, type Job, Queue, QueueEvents, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { Fleet } from '../support/fleet.ts';
import { until } from '../support/wait.ts';
import { withThreeNodes } from './three-nodes.ts';

const QUEUES = 6;
const BULK = 200;
const DELAY_MS = 200;
const LONG_MS = 30_000;
/** How often jobs of each name are to be done. */
const WANTED: Readonly<Record<string, number>> = { bulk: BULK, delayed: 1, urgent: 1, flaky: 1, repeated: 3 };
const TOTAL = Object.values(WANTED).reduce((sum, count) => sum + count, 0);

interface Closeable {
  close(): Promise<unknown>;
}

/** BullMQ on three nodes, as its documentation wants it for Redis Cluster: each queue's keys share a hash tag. */
export function checkBullmq(): Promise<string> {
  return withThreeNodes('slots', async (fleet) => {
    const open: Closeable[] = [];
    try {
      for (let i = 0; i < QUEUES; i++) await checkQueue(fleet, `queue${i}`, open);
      await checkFlow(fleet, open);
      return `${QUEUES} queues of ${TOTAL} jobs: in bulk, delayed, with priority, tried again, repeated; a flow of 3 children`;
    } finally {
      for (const each of open.reverse()) await each.close();
    }
  });
}

/** A producer, two workers, events; delayed, repeated and prioritised jobs, and one that fails at first. */
async function checkQueue(fleet: Fleet, name: string, open: Closeable[]): Promise<void> {
  const options = { connection: { host: '127.0.0.1', port: fleet.port, maxRetriesPerRequest: null }, prefix: `{${name}}` };
  const done: { readonly job: string; readonly n: number; readonly at: number }[] = [];
  const completed = new Map<string, unknown>();
  const work = async (job: Job): Promise<string> => {
    if (job.name === 'flaky' && job.attemptsMade === 0) throw new Error('not yet');
    done.push({ job: job.name, n: job.data.n, at: Date.now() });
    return `done ${job.name}`;
  };
  const queue = new Queue(name, options);
  const events = new QueueEvents(name, options);
  const workers = [1, 2].map(() => new Worker(name, work, { ...options, concurrency: 5 }));
  open.push(queue, events, ...workers);
  events.on('completed', ({ jobId, returnvalue }) => completed.set(jobId, returnvalue));
  await Promise.all([queue, events, ...workers].map((each) => each.waitUntilReady()));

  await queue.addBulk(Array.from({ length: BULK }, (_, n) => ({ name: 'bulk', data: { n } })));
  const added = Date.now();
  await queue.add('delayed', {}, { delay: DELAY_MS });
  await queue.add('urgent', {}, { priority: 1 });
  await queue.add('flaky', {}, { attempts: 3, backoff: 50 });
  await queue.upsertJobScheduler('tick', { every: 100, limit: WANTED.repeated as number }, { name: 'repeated', data: {} });

  const tally = (): string => JSON.stringify(Object.fromEntries(Object.keys(WANTED).map((job) => [job, timesDone(job)])));
  const timesDone = (job: string): number => done.filter((each) => each.job === job).length;
  await until(
    () => tally() === JSON.stringify(WANTED) && done.length === TOTAL,
    () => `${name}: ${JSON.stringify(WANTED)}, not ${tally()}`,
    LONG_MS,
  );
  await until(
    () => completed.size === TOTAL && [...completed.values()].every((value) => /^done /.test(String(value))),
    () => `${name}: events of all jobs with what they returned, not ${completed.size}`,
  );
  const waited = (done.find((each) => each.job === 'delayed')?.at ?? 0) - added;
  if (waited < DELAY_MS) throw new Error(`${name}: the delayed job ran after ${waited} ms`);
  if (new Set(done.filter((each) => each.job === 'bulk').map((each) => each.n)).size !== BULK)
    throw new Error(`${name}: a job was done twice`);
  const counts = await queue.getJobCounts('completed', 'failed', 'waiting', 'active', 'delayed');
  const wanted = { completed: TOTAL, failed: 0, waiting: 0, active: 0, delayed: 0 };
  if (JSON.stringify(counts) !== JSON.stringify(wanted)) throw new Error(`${name}: ${JSON.stringify(counts)}`);
}

/** A parent that waits for its children. */
async function checkFlow(fleet: Fleet, open: Closeable[]): Promise<void> {
  const connection = new Redis(fleet.port, { maxRetriesPerRequest: null });
  const prefix = '{flow}';
  let result = 0;
  const child = new Worker('children', async (job) => job.data.n * 2, { connection, prefix });
  const parent = new Worker(
    'parents',
    async (job) => {
      result = Object.values(await job.getChildrenValues()).reduce((sum: number, value) => sum + value, 0);
    },
    { connection, prefix },
  );
  const flows = new FlowProducer({ connection, prefix });
  open.push({ close: async () => connection.disconnect() }, flows, child, parent);
  await flows.add({
    name: 'sum',
    queueName: 'parents',
    children: [1, 2, 3].map((n) => ({ name: 'double', queueName: 'children', data: { n } })),
  });
  await until(
    () => result === 12,
    () => `the sum of the flow, not ${result}`,
    LONG_MS,
  );
}
