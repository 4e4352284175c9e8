import { spawn } from 'node:child_process';
import { REDIS_BENCHMARK } from '../test/support/redis.ts';
import { cpuSeconds } from './cpu.ts';
import type { Destination } from './load/clients.ts';
import type { Workload } from './workloads.ts';

export interface Measured {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Share of one core that redis-benchmark itself used: near 1 it is the limit, not what it measures. */
  readonly clientBusy: number;
}

const CLIENT_SAMPLE_MS = 50;
/** redis-benchmark spins for ever where a connection fails. */
const RUN_MAX_MS = 120_000;

/** What redis-benchmark says to every proxy, which has no CONFIG, and wherever each request has a connection. */
const KNOWN_WARNING = /Could not fetch server CONFIG|Keepalive disabled/;

/** Linux takes no argument above 128 KiB: a larger one, the last, goes through standard input. */
const ARGUMENT_MAX = 100_000;

/** Runs one workload on `keys` keys. `requests` is rounded up to whole pipelines of all clients. */
export async function runRedisBenchmark(to: Destination, workload: Workload, requests: number, keys: number): Promise<Measured> {
  const { clients, pipeline } = workload;
  const whole = clients * pipeline;
  const count = Math.max(1, Math.ceil(requests / whole)) * whole;
  const where = 'path' in to ? { s: to.path } : { h: '127.0.0.1', p: to.port };
  const options = { ...where, n: count, c: clients, P: pipeline, r: keys, k: workload.connects ? 0 : 1 };
  const flags = Object.entries(options).flatMap(([flag, value]) => [`-${flag}`, String(value)]);
  const last = workload.args.at(-1) as string;
  const fromInput = last.length > ARGUMENT_MAX;
  const args = fromInput ? ['-x', ...workload.args.slice(0, -1)] : workload.args;
  const child = spawn(REDIS_BENCHMARK, [...flags, '--csv', ...args], { stdio: ['pipe', 'pipe', 'pipe'], timeout: RUN_MAX_MS });
  // It may end before it has read its input; then its exit code and output say why.
  child.stdin.on('error', () => {});
  child.stdin.end(fromInput ? last : '');
  const began = performance.now();
  let clientCpu = 0;
  let sampledAt = began;
  const sampler = setInterval(() => {
    const seconds = cpuSeconds(child.pid ?? -1);
    if (seconds === 0) return;
    clientCpu = seconds;
    sampledAt = performance.now();
  }, CLIENT_SAMPLE_MS);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('latin1');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString('latin1');
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearInterval(sampler);
  if (code !== 0) throw new Error(`redis-benchmark exited with ${code}: ${output.trim()}`);
  const clientBusy = sampledAt > began ? clientCpu / ((sampledAt - began) / 1000) : Number.NaN;
  return { requests: count, ...parseCsv(output), clientBusy };
}

/** The figures in redis-benchmark's `--csv` output; columns are found by their names. Any complaint in it throws. */
export function parseCsv(output: string): Pick<Measured, 'requestsPerSecond' | 'p50Ms' | 'p99Ms'> {
  const lines = output.split('\n').filter((line) => line.trim() !== '' && !KNOWN_WARNING.test(line));
  const complaint = lines.find((line) => !line.startsWith('"'));
  if (complaint !== undefined) throw new Error(`redis-benchmark: ${complaint}`);
  if (lines.length !== 2) throw new Error(`expected a heading and one row from redis-benchmark, got: ${output.trim()}`);
  const [names, cells] = lines.map((line) => line.slice(1, -1).split('","')) as [string[], string[]];
  const cell = (name: string): number => {
    const figure = Number(cells[names.indexOf(name)] ?? Number.NaN);
    if (!Number.isFinite(figure)) throw new Error(`no ${name} in redis-benchmark's output: ${output.trim()}`);
    return figure;
  };
  return { requestsPerSecond: cell('rps'), p50Ms: cell('p50_latency_ms'), p99Ms: cell('p99_latency_ms') };
}
