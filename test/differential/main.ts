/**
 * npm run test:differential [-- --commands N] [--seed S] [--nodes N] [--strategy NAME]: random requests to keyfan and to a plain Redis; every
 * reply must be the same, byte for byte. Exits with 1 where one is not.
 */
import { parseArgs } from 'node:util';
import { type Options, runDifferential } from './run.ts';
import { show } from './show.ts';

const { values } = parseArgs({
  options: {
    commands: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
    nodes: { type: 'string', default: '3' },
    strategy: { type: 'string', default: 'ring' },
  },
});
const options: Options = {
  commands: Number(values.commands),
  seed: Number(values.seed ?? Math.floor(Math.random() * 1_000_000)),
  nodes: Number(values.nodes),
  strategy: values.strategy as Options['strategy'],
};
console.log(`${options.commands} commands, seed ${options.seed}, ${options.nodes} nodes, ${options.strategy}`);
const report = await runDifferential(options);
console.log(`${report.commands} commands in ${report.episodes} episodes compared in ${report.seconds.toFixed(1)} s`);
console.log(report.difference === null ? 'no difference' : show(report.difference));
process.exitCode = report.difference === null ? 0 : 1;
