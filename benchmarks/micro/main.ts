/** npm run bench:micro: nanoseconds per frame scanned, key hashed, key located, piece copied. */
import { cpus } from 'node:os';
import { copyResults } from './copy.ts';
import { type Result, sinkValue } from './harness.ts';
import { hashResults, strategyResults } from './routing.ts';
import { scannerResults } from './scanners.ts';

const print = (line: string): boolean => process.stdout.write(`${line}\n`);

const GROUPS: Readonly<Record<string, () => Result[]>> = {
  'scanners, per frame (64 in a buffer)': scannerResults,
  'hash functions, per key of 16 bytes': hashResults,
  'strategies, key to node': strategyResults,
  'copies, per copy': copyResults,
};

print(`${cpus()[0]?.model.trim()} · node ${process.version}`);
for (const [title, results] of Object.entries(GROUPS)) {
  print(`\n${title.padEnd(40)}${'median ns'.padStart(12)}${'best ns'.padStart(12)}`);
  for (const { name, nanosPerOperation, nanosPerOperationMin } of results()) {
    print(`${name.padEnd(40)}${nanosPerOperation.toFixed(1).padStart(12)}${nanosPerOperationMin.toFixed(1).padStart(12)}`);
  }
}
// Each figure's results went into this number.
print(`\nchecksum ${sinkValue()}`);
