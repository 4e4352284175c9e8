import { reasonOf } from './policy.ts';
import type { CommandRow, Policy } from './row.ts';
import { COMMAND_ROWS } from './table.ts';

/** What a reader is told of each policy. */
const WHAT: Readonly<Record<Policy, (row: CommandRow) => string>> = {
  shard: () => 'to the node of its keys; keys of several nodes: `CROSSSLOT`',
  split: () => 'split by node, replies merged',
  any: () => 'to one node',
  local: () => 'answered by keyfan',
  script: () => "to the node of its keys, without keys to the first node; on a connection of the client's own",
  block: (row) => `to the node of its keys${row.blocks === undefined ? '' : '; where it may wait,'} on a connection of the client's own`,
  transaction: () => 'queued by keyfan, run as one piece on the node of its keys',
  wait: () => 'to all nodes; the least of their answers',
  fleet: (row) => (row.admin ? 'to all nodes, replies merged, where `admin_commands: allow`' : 'to all nodes, replies merged'),
  publish: () => 'to the node of the channel',
  pubsub: (row) =>
    row.name === 'ssubscribe'
      ? "to the node of its channels, on a connection of the client's own; channels of several nodes: `CROSSSLOT`"
      : "to the nodes of the channels, on connections of the client's own",
  refuse: () => 'refused',
};

const INTRODUCTION = `# Commands

What keyfan does with each command of Redis 7.0, and with newer ones that it knows. Generated from its command table (\`npm run docs\`).
A node that is older than a command answers "unknown command" itself. In a pool with strategy \`random\`, whose nodes hold copies, any node serves a
request, commands that take something away go to all nodes, and transactions are refused.

| command | what keyfan does | why |
|---|---|---|
`;

/** docs/commands.md. */
export function commandsPage(): string {
  const rows = COMMAND_ROWS.filter((row) => row.subcommands === undefined || row.policy !== 'refuse');
  const lines = [...rows]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((row) => `| ${title(row)} | ${WHAT[row.policy](row)} | ${why(row)} |`);
  return `${INTRODUCTION}${lines.join('\n')}\n`;
}

function title(row: CommandRow): string {
  return `\`${row.name.replace('|', ' ').toUpperCase()}\``;
}

function why(row: CommandRow): string {
  return reasonOf(row.name).replaceAll('|', '\\|');
}
