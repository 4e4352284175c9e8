import type { Command, CommandData, KeySpecData } from './data.ts';
import { COMMANDS, KEY_SPECS } from './generated/commands.ts';
import { NEWER, NEWER_SUBCOMMANDS } from './newer.ts';

const words = (text: string): readonly string[] => (text === '' ? [] : text.split(' '));

function resolve(data: CommandData): Command {
  const added = NEWER_SUBCOMMANDS.filter((command) => command.name.startsWith(`${data.name}|`));
  return {
    name: data.name,
    arity: data.arity,
    flags: words(data.flags),
    range: data.range,
    acl: words(data.acl),
    tips: data.tips ?? [],
    specs: (data.specs ?? []).map((index) => KEY_SPECS[index] as KeySpecData),
    subcommands: [...(data.subcommands ?? []).map(resolve), ...added],
  };
}

/** Every command keyfan knows, sorted by name within its origin: generated ones first. */
export const CATALOG: readonly Command[] = [...COMMANDS.map(resolve), ...NEWER];

const BY_NAME: ReadonlyMap<string, Command> = new Map(
  CATALOG.flatMap((command) => [command, ...command.subcommands]).map((command) => [command.name, command]),
);

/** The command or subcommand (`config|get`) of that lower-case name. */
export function commandNamed(name: string): Command | undefined {
  return BY_NAME.get(name);
}
