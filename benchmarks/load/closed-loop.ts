import { type Client, closeClients, type Destination, openClients } from './clients.ts';
import { Histogram } from './histogram.ts';

export interface ClosedLoopPlan {
  readonly clients: number;
  readonly pipeline: number;
  /** Rounded up to whole batches. */
  readonly requests: number;
  /** Batches of `pipeline` encoded requests, sent in turn. */
  readonly batches: readonly Buffer[];
}

export interface ClosedLoopResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly clientBusy: number;
}

/** As redis-benchmark does: each client sends a batch, reads all its replies and sends the next; latency is from batch to reply. */
export async function runClosedLoop(destination: Destination, plan: ClosedLoopPlan): Promise<ClosedLoopResult> {
  const { pipeline } = plan;
  const histogram = new Histogram();
  const batchesWanted = Math.max(plan.clients, Math.ceil(plan.requests / pipeline));
  const requests = batchesWanted * pipeline;
  const sentAt = new Float64Array(plan.clients);
  const waiting = new Float64Array(plan.clients);
  let clients: Client[] = [];
  let batchesSent = 0;
  let finish = (): void => {};
  let fail = (_error: Error): void => {};
  const finished = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  // A client may fail before anybody waits.
  finished.catch(() => {});
  const sendBatch = (client: number): void => {
    const batch = plan.batches[batchesSent++ % plan.batches.length] as Buffer;
    waiting[client] = pipeline;
    sentAt[client] = performance.now();
    (clients[client] as Client).socket.write(batch);
  };
  const onReplies = (client: number, replies: number): void => {
    const micros = (performance.now() - (sentAt[client] as number)) * 1000;
    for (let i = 0; i < replies; i++) histogram.record(micros);
    waiting[client] = (waiting[client] as number) - replies;
    if (waiting[client] === 0 && batchesSent < batchesWanted) sendBatch(client);
    else if (histogram.count === requests) finish();
  };
  clients = await openClients(destination, plan.clients, onReplies, (error) => fail(error));
  const cpu = process.cpuUsage();
  const began = performance.now();
  for (let client = 0; client < plan.clients; client++) sendBatch(client);
  await finished.finally(() => closeClients(clients));
  const elapsedMs = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  return {
    requests,
    requestsPerSecond: (requests * 1000) / elapsedMs,
    p50Ms: histogram.percentile(50) / 1000,
    p99Ms: histogram.percentile(99) / 1000,
    clientBusy: (user + system) / 1000 / elapsedMs,
  };
}
