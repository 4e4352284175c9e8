/**
 * npm run scenarios [-- NAME…]: what memory, fairness and stalls come to under loads that break proxies, each against what is wanted.
 * A report, not a test: figures depend on the machine. Exits with 1 where something does not hold.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { describeMachine } from '../machine.ts';
import { asLine, type Finding } from './finding.ts';
import { idleConnections } from './idle-connections.ts';
import { largeValues } from './large-values.ts';
import { mixedStall } from './mixed-stall.ts';
import type { Scenario } from './scenario.ts';
import { slowReaders } from './slow-readers.ts';
import { THINK_MS } from './stage.ts';
import { stalledNode } from './stalled-node.ts';

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'large-values': largeValues,
  'slow-readers': slowReaders,
  'stalled-node': stalledNode,
  'idle-connections': idleConnections,
  'mixed-stall': mixedStall,
};

const USAGE = `npm run scenarios -- [options] [${Object.keys(SCENARIOS).join(' | ')}]…
  --out FILE    all figures as JSON
  --think ${THINK_MS}     wait of an ordinary client between a reply and its next request, in ms
  --scale 1     number of slow, idle and declaring connections, relative to the scenario's own`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    think: { type: 'string', default: String(THINK_MS) },
    scale: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});

const print = (line: string): void => console.log(line);

async function main(): Promise<void> {
  const names = positionals.length > 0 ? positionals : Object.keys(SCENARIOS);
  const unknown = names.filter((name) => !Object.hasOwn(SCENARIOS, name));
  const options = { thinkMs: Number(values.think), scale: Number(values.scale), print };
  if (values.help || unknown.length > 0 || !(options.thinkMs >= 0 && options.scale > 0)) {
    print(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const machine = describeMachine();
  const scenarios: { name: string; findings: readonly Finding[]; error?: string }[] = [];
  for (const name of names) {
    print(name);
    try {
      const findings = await (SCENARIOS[name] as Scenario)(options);
      for (const finding of findings) print(asLine(finding));
      scenarios.push({ name, findings });
    } catch (error) {
      print(`FAILS  it did not come to its end: ${(error as Error).message}`);
      scenarios.push({ name, findings: [], error: (error as Error).message });
    }
  }
  if (values.out !== undefined) {
    const { thinkMs, scale } = options;
    await writeFile(values.out, `${JSON.stringify({ date: new Date().toISOString(), machine, thinkMs, scale, scenarios }, null, 1)}\n`);
  }
  const good = scenarios.every(({ findings, error }) => error === undefined && findings.every(({ holds }) => holds !== false));
  process.exitCode = good ? 0 : 1;
}

await main();
