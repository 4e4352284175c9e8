import { type Client, closeClients, type Destination, openClients } from './clients.ts';
import { Histogram } from './histogram.ts';
import { OpenLoop, Schedule } from './schedule.ts';

export interface OpenLoopPlan {
  readonly ratePerSecond: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly connections: number;
  /** Encoded requests, sent in turn. */
  readonly requests: readonly Buffer[];
}

export interface OpenLoopResult {
  readonly histogram: Histogram;
  /** How much later than intended requests left; it is part of the latency. */
  readonly lateness: Histogram;
  /** Never answered within the grace; they are in the histogram with the time until then. */
  readonly unanswered: number;
  /** Requests answered a second, from the start to the last reply. */
  readonly achievedPerSecond: number;
  /** Share of one core the generator used. */
  readonly generatorBusy: number;
}

/** Node's timers know whole milliseconds only: between looking for replies the generator sleeps this long in the kernel. */
const SLICE_MS = 0.2;
const GRACE_MS = 5000;

const sleeper = new Int32Array(new SharedArrayBuffer(4));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Sends at a constant rate and counts latency from the time each request was meant to leave. */
export async function runOpenLoop(destination: Destination, plan: OpenLoopPlan): Promise<OpenLoopResult> {
  const schedule = new Schedule(plan.ratePerSecond, plan.warmUpSeconds + plan.seconds);
  const [histogram, lateness] = [new Histogram(), new Histogram()];
  let clients: Client[] = [];
  let began = 0;
  let failure: Error | undefined;
  const loop = new OpenLoop({
    schedule,
    connections: plan.connections,
    recordFromMs: plan.warmUpSeconds * 1000,
    histogram,
    lateness,
    send: (connection, index) => {
      (clients[connection] as Client).socket.write(plan.requests[index % plan.requests.length] as Buffer);
    },
  });
  clients = await openClients(
    destination,
    plan.connections,
    (connection, replies) => loop.onReplies(connection, replies, performance.now() - began),
    (error) => {
      failure ??= error;
    },
  );
  const cpu = process.cpuUsage();
  began = performance.now();
  const endMs = schedule.intendedMs(schedule.total) + GRACE_MS;
  let elapsedMs = 0;
  while (!loop.finished && !failure && elapsedMs < endMs) {
    loop.sendDue(elapsedMs);
    Atomics.wait(sleeper, 0, 0, SLICE_MS);
    await turn();
    elapsedMs = performance.now() - began;
  }
  const { user, system } = process.cpuUsage(cpu);
  const unanswered = loop.giveUp(elapsedMs);
  closeClients(clients);
  if (failure) throw failure;
  const achievedPerSecond = (loop.answered * 1000) / elapsedMs;
  return { histogram, lateness, unanswered, achievedPerSecond, generatorBusy: (user + system) / 1000 / elapsedMs };
}
