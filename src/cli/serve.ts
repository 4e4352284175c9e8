import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { listenKey } from '../config/listen-key.ts';
import { loadConfig, parseConfig } from '../config/load.ts';
import { ConfigError } from '../config/problem.ts';
import type { Config, ConfigInput } from '../config/schema.ts';
import { createLog } from '../observe/pino.ts';
import { Proxy } from '../proxy.ts';
import { fewerThan, openFilesMax } from '../runtime/open-files.ts';
import { Primary, workerCount } from '../runtime/primary.ts';
import { untilSignal } from '../runtime/shutdown.ts';
import { formatEndpoint } from '../util/endpoint.ts';
import { EXIT, type Io, UsageError } from './exit.ts';
import { flagOf, fromFlags } from './flags.ts';

export interface ServeFlags {
  readonly config?: string;
  readonly listen?: string;
  readonly node?: readonly string[];
  readonly strategy?: string;
  readonly admin?: string;
}

/** Sent by log rotation and to nutcracker; unhandled they would open a debugger, or stop the process. */
const WITHOUT_MEANING = ['SIGUSR1', 'SIGTTIN', 'SIGTTOU'] as const;

/** Name of the pool that is described by flags. */
const POOL = 'default';

/** `keyfan` itself: runs the proxy until a signal ends it. */
export async function serve(flags: ServeFlags, io: Io): Promise<number> {
  const config = await configOf(flags, io);
  const log = createLog(config.log.level);
  const workers = workerCount(config);
  const proxy = workers === 1 ? new Proxy(config, log) : new Primary(config, log);
  const clients = Object.values(config.pools).reduce((sum, pool) => sum + pool.limits.clients, 0);
  const openFiles = openFilesMax();
  if (fewerThan(Math.ceil(clients / workers), openFiles))
    log.warn(
      { open_files: openFiles, clients, workers },
      'fewer files may be open (ulimit -n) than clients connect: further ones are closed unanswered',
    );
  let stopped = false;
  const stop = () => {
    stopped = true;
    return proxy.stop();
  };
  // From here on a signal ends the service in good order, also while it starts.
  const ended = untilSignal({ drain: () => proxy.drain(), stop }, log);
  for (const signal of WITHOUT_MEANING) process.on(signal, () => log.info({ signal }, 'this signal has no meaning to keyfan'));
  process.on('SIGUSR2', () => {
    if (proxy instanceof Primary) void proxy.rollingRestart();
    else log.warn({ workers }, 'SIGUSR2 replaces workers one by one; there is only this process');
  });
  try {
    await proxy.start();
  } catch (error) {
    return startFailure(error, io, (key) => (flags.config === undefined ? flagOf(key, []) : key));
  }
  if (stopped) return ended;
  const admin = proxy.adminAddress();
  const pools = Object.keys(config.pools).map((name) => [name, formatEndpoint(proxy.address(name))]);
  const places = { pools: Object.fromEntries(pools), ...(admin === undefined ? {} : { admin: formatEndpoint(admin) }) };
  log.info({ ...places, workers }, 'keyfan is ready');
  return ended;
}

async function configOf(flags: ServeFlags, io: Io): Promise<Config> {
  const { config: file, listen, node, strategy, admin } = flags;
  const described = listen !== undefined || node !== undefined || strategy !== undefined || admin !== undefined;
  if (file !== undefined && described) throw new UsageError('--config and --listen, --node, --strategy, --admin exclude each other');
  if (file !== undefined) return loadConfig(file, io.env);
  if (listen === undefined || node === undefined) throw new UsageError('give --config FILE, or --listen and at least one --node');
  return configFromFlags(listen, node, strategy, admin);
}

function configFromFlags(listen: string, node: readonly string[], strategy: string | undefined, admin: string | undefined): Config {
  const input: ConfigInput = {
    ...(admin === undefined ? {} : { admin: { listen: admin } }),
    pools: { [POOL]: { listen, nodes: [...node], ...(strategy === undefined ? {} : { strategy }) } },
  };
  return fromFlags(
    () => parseConfig(input),
    node.map((address) => `--node ${address}`),
  );
}

const BIND_CALLS: ReadonlySet<string> = new Set(['listen', 'bind', 'getaddrinfo']);

/** Told on standard error as well as by exit code. `nameOf` is how the user knows a key of the configuration. */
export function startFailure(error: unknown, io: Io, nameOf: (key: string) => string): number {
  if (error instanceof ConfigError) throw error;
  const { code, syscall, address, port, message } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (code === undefined || syscall === undefined || !BIND_CALLS.has(syscall)) throw error;
  const isPath = address !== undefined && (port === undefined || port < 0);
  const place = address === undefined ? '' : ` on ${isPath ? address : formatEndpoint({ host: address, port: port as number })}`;
  // libuv says EACCES of a path whose directory is missing.
  const reason = isPath && !existsSync(dirname(address)) ? `the directory ${dirname(address)} does not exist` : (REASONS[code] ?? message);
  const key = listenKey(error);
  io.err(`keyfan: ${key === undefined ? '' : `${nameOf(key)}: `}cannot listen${place}: ${reason}\n`);
  return EXIT.cannotBind;
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the host name is not known',
};
