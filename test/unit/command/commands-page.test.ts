import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CATALOG } from '../../../src/command/catalog.ts';
import { commandsPage } from '../../../src/command/commands-page.ts';
import { PROJECT_ROOT } from '../../support/project.ts';

t.test('docs/commands.md is what the table gives now (npm run docs writes it)', async (t) => {
  t.equal(readFileSync(join(PROJECT_ROOT, 'docs/commands.md'), 'utf8'), commandsPage());
});

t.test('every command has its line, and each refusal its reason', async (t) => {
  const page = commandsPage();
  const leaves = CATALOG.flatMap((command) => (command.subcommands.length > 0 ? command.subcommands : [command]));
  for (const { name } of leaves) {
    const line = page.split('\n').find((each) => each.startsWith(`| \`${name.replace('|', ' ').toUpperCase()}\` |`));
    if (line === undefined) t.fail(`${name} is missing`);
    else if (/\| refused \| .{10,} \|$/.test(line) === false && line.includes('| refused |')) t.fail(`${name} has no reason: ${line}`);
  }
  t.end();
});

t.test('of the subscriptions only SSUBSCRIBE is refused where its channels are on several nodes', async (t) => {
  const lines = commandsPage().split('\n');
  const refused = lines.filter((line) => /^\| `\w*SUBSCRIBE`/.test(line) && line.includes('CROSSSLOT'));
  t.equal(refused.length, 1);
  t.match(refused[0], /^\| `SSUBSCRIBE` \| to the node of its channels,/);
});
