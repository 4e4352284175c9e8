/**
 * npm run test:at-most-once [-- --writes N] [--seed S] [--lie NAME]: writes through keyfan while nodes are killed and stopped and
 * clients leave; then asks the nodes whether every reply told the truth. Exits with 1 where one did not. `--lie` puts a lie into
 * keyfan, to see it found.
 */
import { parseArgs } from 'node:util';
import { LIE_NAMES, type LieName, lieArgs } from './lies.ts';
import { type Report, runAtMostOnce } from './run.ts';

const USAGE = `usage: npm run test:at-most-once -- [--writes N] [--seed S] [--lie ${LIE_NAMES.join('|')}]`;

const { values } = parseArgs({
  options: { writes: { type: 'string', default: '1000000' }, seed: { type: 'string' }, lie: { type: 'string' } },
});
const writes = Number(values.writes);
const seed = Number(values.seed ?? Math.floor(Math.random() * 0x7fffffff));
const lie = values.lie as LieName | undefined;
if (!(Number.isInteger(writes) && writes > 0) || !Number.isInteger(seed) || (lie !== undefined && !LIE_NAMES.includes(lie))) {
  throw new Error(USAGE);
}
console.log(`${writes} writes, seed ${seed}${lie === undefined ? '' : `, with the lie "${lie}"`}`);
const report = await runAtMostOnce({ writes, seed, nodeArgs: lie === undefined ? [] : lieArgs(lie) });
print(report);
process.exitCode = report.lies === 0 ? 0 : 1;

function print({ counts, faults, keyfan, lost, lies, texts, seconds }: Report): void {
  const list = (entries: Readonly<Record<string, number>>): string =>
    Object.entries(entries)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  for (const [kind, outcomes] of Object.entries(counts)) console.log(`${kind.padEnd(6)} ${list(outcomes)}`);
  console.log(`faults ${list(faults)}`);
  console.log(`keyfan ${list(keyfan)}; client connections it closed: ${lost}`);
  console.log(`${seconds.toFixed(1)} s, ${Math.round(writes / seconds)} writes/s with start and reading back`);
  for (const text of texts) console.log(`LIE    ${text}`);
  console.log(`${lies} lies (seed ${seed})`);
}
