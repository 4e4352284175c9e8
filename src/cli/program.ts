/** argv → command → exit code. A command's code is loaded when it is called: half of what `keyfan route` takes is loading. */
import { Command, CommanderError } from 'commander';
import { ConfigError, formatProblem } from '../config/problem.ts';
import { hint } from '../config/spelling.ts';
import { DEFAULT_STRATEGY } from '../config/strategy-field.ts';
import { PlacementError } from '../config/topology.ts';
import { STRATEGIES } from '../routing/strategies/registry.ts';
import { VERSION } from '../util/version.ts';
import type { DemoFlags } from './demo.ts';
import { EXIT, type Io, UsageError } from './exit.ts';
import type { RouteFlags } from './route.ts';
import type { ServeFlags } from './serve.ts';

/** For `keyfan route --help`. */
const ROUTE_NOTES = `
A key that holds line breaks, tabs or other control characters, or begins with a
quote, is printed in quotes as redis-cli prints it. Keys must be UTF-8. For
others, and to see what ejected nodes change (route counts all nodes as in
service), ask the running keyfan: redis-cli -p PORT KEYFAN ROUTE KEY`;

const CONFIG = ['-c, --config <file>', 'the configuration, keyfan.yaml'] as const;

const NAMES = [...STRATEGIES.keys()].join(', ');
const HELP = ['-h, --help', 'show this help'] as const;

/** Runs one command line and resolves to its exit code. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let code: number = EXIT.ok;
  const program = buildProgram(io, (result) => {
    code = result;
  });
  try {
    refuseUnknown(
      argv[0],
      program.commands.map((command) => command.name()),
    );
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    return failure(error, io);
  }
}

/** Before options are looked at: those of a command that does not exist are no better known. */
function refuseUnknown(word: string | undefined, commands: readonly string[]): void {
  if (word === undefined || word === '' || word.startsWith('-') || commands.includes(word)) return;
  throw new UsageError(`unknown command ${word}${hint(word, commands)}`);
}

function buildProgram(io: Io, done: (code: number) => void): Command {
  const program = new Command('keyfan')
    .description('A sharding proxy for Redis: one endpoint in front of a fleet.')
    .version(VERSION, '--version', 'print the version')
    .helpOption(...HELP)
    .helpCommand(false)
    .enablePositionalOptions()
    .showHelpAfterError('(keyfan --help shows how to call it)')
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
    .exitOverride();

  program
    .option(...CONFIG)
    .option('--listen <address>', 'without a file: where clients connect, host:port or unix:/path')
    .option('--node <address>', 'without a file: a node; give it once for each', collect)
    .option('--strategy <name>', `without a file: ${NAMES} or ./module.js (default: ${DEFAULT_STRATEGY})`)
    .option('--admin <address>', 'without a file: where /metrics, /healthz and /readyz are')
    .action(async (flags: ServeFlags) => done(await (await import('./serve.ts')).serve(flags, io)));

  program
    .command('check')
    .description('Check a configuration: every problem with its line and column.')
    .requiredOption(...CONFIG)
    .action(async (flags: { config: string }) => done(await (await import('./check.ts')).check(flags.config, io)));

  program
    .command('route')
    .description('Tell which node each key belongs to: one line a key, the key, a tab, the name of the node.')
    .argument('<keys...>', 'keys to place; after -- they may begin with a dash')
    .requiredOption(...CONFIG)
    .option('--pool <name>', 'the pool, where the configuration has several')
    .option('--explain', 'show the steps under each key')
    .addHelpText('after', ROUTE_NOTES)
    .action(async (keys: string[], flags: RouteFlags) => done(await (await import('./route.ts')).route(keys, flags, io)));

  program
    .command('demo')
    .description('Start three local Redis nodes and keyfan before them; Ctrl-C stops all of it and keeps the data.')
    .option('--dir <path>', 'where the nodes keep their data', '.keyfan-demo')
    .option('--strategy <name>', `${NAMES} or ./module.js`, DEFAULT_STRATEGY)
    .option('--listen <address>', 'where clients connect (default: 127.0.0.1:6400, or a free port)')
    .option('--admin <address>', 'where the metrics are (default: 127.0.0.1:9600, or a free port)')
    .action(async (flags: DemoFlags) => done(await (await import('./demo.ts')).demo(flags, io)));

  for (const command of program.commands) command.helpOption(...HELP);
  return program;
}

function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

function failure(error: unknown, io: Io): number {
  // Commander has printed its message, or the help or version that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof UsageError) {
    io.err(`keyfan: ${error.message}\n(keyfan --help shows how to call it)\n`);
    return EXIT.usage;
  }
  if (error instanceof ConfigError) {
    for (const problem of error.problems) io.err(`${formatProblem(problem)}\n`);
    return EXIT.badConfig;
  }
  io.err(`keyfan: ${error instanceof Error ? error.message : String(error)}\n`);
  return error instanceof PlacementError ? EXIT.badConfig : EXIT.failed;
}
