import { FlowProducer, type Job, Queue, QueueEvents, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { type Fleet, startFleet } from '../support/fleet.ts';
import { until } from '../support/wait.ts';

const QUEUES = 6;
const JOBS = 200;

/** BullMQ on three nodes, as its documentation wants it for Redis Cluster: each queue's keys share a hash tag. */
export async function checkBullmq(): Promise<string> {
  const fleet = await startFleet({ strategy: 'slots' });
  const open: { close(): Promise<unknown> }[] = [];
  try {
    const facts = [];
    for (let i = 0; i < QUEUES; i++) facts.push(await checkQueue(fleet, `queue${i}`, open));
    facts.push(await checkFlow(fleet, open));
    return facts.join('; ');
  } finally {
    for (const each of open.reverse()) await each.close();
    await fleet.stop();
  }
}

/** Producer, worker, events; delayed, repeated and prioritised jobs, and one that fails at first. */
async function checkQueue(fleet: Fleet, name: string, open: { close(): Promise<unknown> }[]): Promise<string> {
  const connection = { host: '127.0.0.1', port: fleet.port, maxRetriesPerRequest: null };
  const prefix = `{${name}}`;
  const seen: string[] = [];
  const completed = new Set<string>();
  const queue = new Queue(name, { connection, prefix });
  const events = new QueueEvents(name, { connection, prefix });
  const work = async (job: Job): Promise<string> => {
    if (job.name === 'flaky' && job.attemptsMade === 0) throw new Error('not yet');
    seen.push(`${job.name}:${job.data.n ?? ''}`);
    return `done ${job.data.n}`;
  };
  const worker = new Worker(name, work, { connection, prefix, concurrency: 5 });
  open.push(queue, events, worker);
  events.on('completed', ({ jobId }) => completed.add(jobId));
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady(), worker.waitUntilReady()]);
  await queue.addBulk(Array.from({ length: JOBS }, (_, n) => ({ name: 'bulk', data: { n } })));
  await queue.add('delayed', { n: 1 }, { delay: 200 });
  await queue.add('urgent', { n: 2 }, { priority: 1 });
  await queue.add('flaky', { n: 3 }, { attempts: 3, backoff: 50 });
  await queue.upsertJobScheduler('tick', { every: 100, limit: 3 }, { name: 'repeated', data: {} });
  await until(
    () => seen.length === JOBS + 6,
    () => `${name}: ${JOBS + 6} jobs, not ${seen.length}`,
    30_000,
  );
  await until(
    () => completed.size === seen.length,
    () => `${name}: events of all jobs, not ${completed.size}`,
  );
  const counts = await queue.getJobCounts();
  if (new Set(seen.filter((each) => each.startsWith('bulk'))).size !== JOBS) throw new Error(`${name}: jobs were lost or done twice`);
  if (counts.failed !== 0 || counts.waiting !== 0 || counts.active !== 0) throw new Error(`${name}: ${JSON.stringify(counts)}`);
  return `${name} ${seen.length} jobs`;
}

/** A parent that waits for its children. */
async function checkFlow(fleet: Fleet, open: { close(): Promise<unknown> }[]): Promise<string> {
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
    30_000,
  );
  return 'a flow of 3 children';
}
