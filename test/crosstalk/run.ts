import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../support/random.ts';
import type { Client } from './client.ts';
import type { Proxy } from './proxy.ts';
import type { Tally } from './tally.ts';

export interface RunOptions {
  readonly seconds: number;
  readonly seed: number;
  /** keyfan's built main.js. */
  readonly main: string;
  readonly clients: number;
  /** End at the first crossing. */
  readonly failFast: boolean;
}

/** What a mode brings along; see scripted-mode.ts and real-mode.ts. */
export interface Stage {
  readonly proxy: Proxy;
  readonly clients: readonly Client[];
  readonly tally: Tally;
  /** Hurts some node; called again and again. */
  harm(): void;
  /** Milliseconds until the next harm. */
  readonly harmMs: readonly [min: number, max: number];
  /** Makes all nodes well. */
  heal(): Promise<void>;
  /** Desyncs that keyfan may have counted in a pool at most. */
  desyncsMax(pool: string): number;
  readonly pools: readonly string[];
  stop(): Promise<void>;
}

export interface Outcome {
  readonly lines: readonly string[];
  readonly checks: number;
  readonly failed: boolean;
}

/** From time to time everything comes to rest and the books are balanced. */
const ROUND_MS = 15_000;
const ROUND_FAIL_FAST_MS = 5000;
const PATROL_MS = 500;
const IDLE_MS = 60_000;

/** Runs a mode for its time: rounds of traffic and harm, with the conservation law checked between them. */
export async function run(mode: string, stage: Stage, options: RunOptions, random: Random): Promise<Outcome> {
  const { tally, proxy, clients } = stage;
  const problems: string[] = [];
  const began = performance.now();
  let worked = 0;
  await proxy.serving();
  while (worked < options.seconds * 1000 && problems.length === 0) {
    const round = performance.now();
    const roundMs = options.failFast ? ROUND_FAIL_FAST_MS : ROUND_MS;
    await traffic(stage, Math.min(roundMs, options.seconds * 1000 - worked), random, options.failFast);
    worked += performance.now() - round;
    if (options.failFast && tally.crossings > 0) break;
    problems.push(...(await rest(stage, options.failFast)));
  }
  for (const client of clients) client.stop();
  if (tally.crossings > 0) problems.push(...protocolBreaks(proxy));
  const lines = tally.lines(mode, worked / 1000);
  lines.push(
    `  conservation law at rest: ${problems.length === 0 ? 'sent = delivered + dropped + failed for every node' : problems.join('; ')}`,
  );
  lines.push(`  ${((performance.now() - began) / 1000).toFixed(1)} s with rests`);
  return { lines, checks: tally.counts.checks, failed: tally.crossings > 0 || problems.length > 0 || tally.counts.checks === 0 };
}

/** What keyfan's log says of replies that it could not read. */
function protocolBreaks(proxy: Proxy): string[] {
  const found = proxy.daemon
    .output()
    .split('\n')
    .filter((line) => line.includes('broke the protocol') && !line.includes('serial'));
  return found.map((line) => `keyfan's log: ${line}`);
}

async function traffic(stage: Stage, ms: number, random: Random, failFast: boolean): Promise<void> {
  const { clients, proxy, tally } = stage;
  const end = performance.now() + ms;
  const over = (): boolean => performance.now() >= end || proxy.daemon.gone || (failFast && tally.crossings > 0);
  for (const client of clients) client.start();
  const patrol = setInterval(() => {
    for (const client of clients) client.patrol(performance.now());
  }, PATROL_MS);
  while (!over()) {
    await sleep(Math.min(random.between(...stage.harmMs), Math.max(0, end - performance.now())));
    if (!over()) stage.harm();
  }
  clearInterval(patrol);
  if (proxy.daemon.gone) tally.crossing(`keyfan ended: ${await proxy.daemon.exited}\n${proxy.daemon.output()}`);
}

/** Waits until all is answered; returns what is not as it has to be then. */
async function rest(stage: Stage, failFast: boolean): Promise<string[]> {
  const { clients, proxy, tally } = stage;
  if (proxy.daemon.gone) return ['keyfan is not there any more'];
  await stage.heal();
  const patrol = setInterval(() => {
    for (const client of clients) client.patrol(performance.now());
  }, PATROL_MS);
  const idle = await Promise.race([Promise.all(clients.map((client) => client.pause())), sleep(IDLE_MS, null, { ref: false })]);
  clearInterval(patrol);
  if (idle === null) return ['some clients were never answered'];
  if (failFast && tally.crossings > 0) return [];
  const found = await proxy.imbalances();
  const metrics = await proxy.metrics();
  for (const pool of stage.pools) {
    const desyncs = metrics.sum('keyfan_backend_desync_total', { pool });
    if (desyncs > stage.desyncsMax(pool)) found.push(`pool ${pool}: ${desyncs} desyncs, ${stage.desyncsMax(pool)} were provoked`);
  }
  return found;
}
