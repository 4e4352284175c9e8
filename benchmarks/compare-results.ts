/** npm run bench:compare -- BASE.json BRANCH.json: what changed from one result file to another, row by row. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { changesAsText, compareRuns } from './compare.ts';
import { isKeyfan, type Results } from './report.ts';

const USAGE = `npm run bench:compare -- BASE.json BRANCH.json [--all] [--marked]
  --all     direct and nutcracker too: what changed there is the machine's doing
  --marked  only what passes the noise`;

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { all: { type: 'boolean', default: false }, marked: { type: 'boolean', default: false } },
  });
  if (positionals.length !== 2) throw new Error(USAGE);
  const [base, branch] = positionals.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Results) as [Results, Results];
  const changes = compareRuns(base.cells, branch.cells)
    .filter(({ target }) => values.all || isKeyfan(target))
    .filter(({ mark }) => !values.marked || mark !== '');
  process.stdout.write(`${changesAsText(changes)}\n`);
}

try {
  main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
