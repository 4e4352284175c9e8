import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Daemon, startDaemon } from './daemon.ts';
import { freePort, listensOn } from './ports.ts';
import { parseReply } from './resp.ts';
import { type Arg, connectResp, type RespClient } from './resp-client.ts';
import { until } from './wait.ts';

export interface RedisOptions {
  /** Further arguments, e.g. `['--requirepass', 'x']`; they win over the defaults. */
  readonly args?: readonly string[];
  readonly port?: number;
  /** Sent as AUTH by `call` where the server wants it. */
  readonly password?: string;
}

/** A real redis-server on 127.0.0.1 with its own directory; without persistence unless `args` say otherwise. */
export interface RedisNode {
  readonly port: number;
  readonly address: string;
  readonly dir: string;
  /** Of the running process; another one after `restart`. */
  readonly pid: number;
  /** Sends the signal (default SIGKILL) and waits until the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** SIGSTOP: its connections stay open and silent. */
  pause(): Promise<void>;
  resume(): void;
  /** Ends the process if it runs and removes its directory. */
  stop(): Promise<void>;
  /** Ends the process if it runs and starts another on the same port, with the same arguments and directory. */
  restart(): Promise<void>;
  /** One command over the node's own test connection; an error reply rejects. Strings are decoded as UTF-8. */
  call(...args: Arg[]): Promise<unknown>;
  /** As `call`, with bulk strings as Buffers. */
  callBuffers(...args: Arg[]): Promise<unknown>;
}

export const REDIS_SERVER = process.env.REDIS_SERVER ?? 'redis-server';
export const REDIS_BENCHMARK = process.env.REDIS_BENCHMARK ?? 'redis-benchmark';
const DEFAULTS = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--daemonize', 'no', '--loglevel', 'notice'];
const ATTEMPTS = 5;

export async function startRedis(options: RedisOptions = {}): Promise<RedisNode> {
  const dir = await mkdtemp(join(tmpdir(), 'keyfan-redis-'));
  let lastError: unknown;
  for (let attempt = 0; attempt < (options.port === undefined ? ATTEMPTS : 1); attempt++) {
    const port = options.port ?? (await freePort());
    const node = new LocalRedis(port, dir, options);
    try {
      await node.launch();
      return node;
    } catch (error) {
      lastError = error;
      await node.kill();
    }
  }
  await rm(dir, { recursive: true, force: true });
  throw lastError;
}

/** Starts `count` nodes at once. */
export function startRedisNodes(count: number, options: RedisOptions = {}): Promise<RedisNode[]> {
  return Promise.all(Array.from({ length: count }, () => startRedis(options)));
}

class LocalRedis implements RedisNode {
  readonly port: number;
  readonly dir: string;
  private readonly options: RedisOptions;
  private daemon: Daemon | undefined;
  private client: Promise<RespClient> | undefined;

  constructor(port: number, dir: string, options: RedisOptions) {
    this.port = port;
    this.dir = dir;
    this.options = options;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.daemon?.pid ?? -1;
  }

  async launch(): Promise<void> {
    const args = ['--port', String(this.port), '--dir', this.dir, ...DEFAULTS, ...(this.options.args ?? [])];
    const daemon = startDaemon(REDIS_SERVER, args, { cwd: this.dir });
    this.daemon = daemon;
    await until(
      () => daemon.gone || listensOn(daemon.pid, this.port),
      () => `redis-server to listen on ${this.address}; it wrote:\n${daemon.output()}`,
    );
    if (daemon.gone) throw new Error(`${await daemon.exited}; it wrote:\n${daemon.output()}`);
    await until(() => this.answersPing(), `redis-server at ${this.address} to answer PING`);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.dropClient();
    const daemon = this.daemon;
    if (!daemon || daemon.gone) return;
    if (signal === 'SIGKILL') return daemon.kill();
    daemon.signal(signal);
    await until(() => daemon.gone, `redis-server at ${this.address} to end after ${signal}`);
  }

  async pause(): Promise<void> {
    await this.daemon?.pause();
  }

  resume(): void {
    this.daemon?.resume();
  }

  async stop(): Promise<void> {
    this.dropClient();
    await this.daemon?.kill();
    if (existsSync(this.dir)) await rm(this.dir, { recursive: true, force: true });
  }

  async restart(): Promise<void> {
    this.dropClient();
    await this.daemon?.terminate();
    await this.launch();
  }

  call(...args: Arg[]): Promise<unknown> {
    return this.run(args, false);
  }

  callBuffers(...args: Arg[]): Promise<unknown> {
    return this.run(args, true);
  }

  private async run(args: readonly Arg[], buffers: boolean): Promise<unknown> {
    this.client ??= this.open();
    try {
      const reply = await (await this.client).command(...args);
      const value = parseReply(reply.raw, buffers);
      if (value instanceof Error) throw value;
      return value;
    } catch (error) {
      if ((error as Error).name !== 'ReplyError') this.dropClient();
      throw error;
    }
  }

  private async open(): Promise<RespClient> {
    const client = await connectResp(this.port, { deadlineMs: 10_000 });
    if (this.options.password !== undefined) await client.command('AUTH', this.options.password);
    return client;
  }

  /** True once data is loaded; a server that wants a password has answered too. */
  private async answersPing(): Promise<boolean> {
    try {
      return (await this.call('PING')) === 'PONG';
    } catch (error) {
      return /^(NOAUTH|NOPERM)/.test((error as Error).message);
    }
  }

  private dropClient(): void {
    const client = this.client;
    this.client = undefined;
    client?.then((open) => open.close()).catch(() => {});
  }
}
