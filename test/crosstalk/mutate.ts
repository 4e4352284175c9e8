/**
 * npm run test:crosstalk:mutants [-- WORD …] [--seed S]: breaks a copy of the built keyfan in one place at a time (mutants.ts) and demands
 * that the crosstalk harness notices each within 60 s of traffic; unbroken, the copy must pass. WORDs choose mutants by name.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startDaemon } from '../support/daemon.ts';
import { PROJECT_ROOT } from '../support/project.ts';
import { within } from '../support/wait.ts';
import { applyEdits } from './apply-edits.ts';
import { MUTANTS, type Mutant } from './mutants.ts';

const CAUGHT_WITHIN_SECONDS = 60;
const SANE_SECONDS = 20;
/** For starting, resting and stopping. */
const SLACK_SECONDS = 120;

const { values, positionals } = parseArgs({ options: { seed: { type: 'string', default: '1' } }, allowPositionals: true });

interface Verdict {
  readonly failed: boolean;
  readonly seconds: number;
  /** What was noticed, in a line. */
  readonly what: string;
}

async function harness(main: string, seconds: number): Promise<Verdict> {
  const args = ['--mode', 'scripted', '--fail-fast', '--seconds', String(seconds), '--seed', values.seed, '--main', main];
  const began = performance.now();
  const daemon = startDaemon(process.execPath, [join(PROJECT_ROOT, 'dist/test/crosstalk/main.js'), ...args]);
  const how = await within(daemon.exited, `the harness to end; it wrote:\n${daemon.output()}`, (seconds + SLACK_SECONDS) * 1000);
  const lines = daemon.output().trimEnd().split('\n');
  const failed = lines.some((line) => line.startsWith('FAILED'));
  if (!failed && !lines.includes('no crossing')) throw new Error(`the harness could not run: ${how}\n${daemon.output()}`);
  const what = lines.find((line) => line.includes('CROSSING')) ?? lines.find((line) => line.includes('conservation')) ?? '';
  return { failed, seconds: (performance.now() - began) / 1000, what: what.trim().slice(0, 160) };
}

async function tryMutant(dir: string, mutant: Mutant): Promise<boolean> {
  const undo = applyEdits(join(dir, 'dist/src'), mutant);
  try {
    const verdict = await harness(join(dir, 'dist/src/main.js'), CAUGHT_WITHIN_SECONDS);
    const head = verdict.failed ? `caught after ${verdict.seconds.toFixed(1)} s` : 'SURVIVED';
    console.log(`${head}: ${mutant.name} (${mutant.reason})\n    ${verdict.what}`);
    return verdict.failed;
  } finally {
    undo();
  }
}

async function tryAll(dir: string): Promise<boolean> {
  const chosen = MUTANTS.filter(({ name }) => positionals.length === 0 || positionals.some((word) => name.includes(word)));
  // Loudly and before anything runs: every anchor has to be there.
  for (const mutant of chosen) applyEdits(join(dir, 'dist/src'), mutant)();
  let survivors = 0;
  for (const mutant of chosen) if (!(await tryMutant(dir, mutant))) survivors++;
  const sane = await harness(join(dir, 'dist/src/main.js'), SANE_SECONDS);
  console.log(sane.failed ? `the unbroken copy FAILED: ${sane.what}` : `the unbroken copy passed ${SANE_SECONDS} s`);
  console.log(`${chosen.length - survivors} of ${chosen.length} mutants caught`);
  return survivors === 0 && chosen.length > 0 && !sane.failed;
}

const dir = mkdtempSync(join(tmpdir(), 'keyfan-mutants-'));
try {
  cpSync(join(PROJECT_ROOT, 'dist/src'), join(dir, 'dist/src'), { recursive: true });
  writeFileSync(join(dir, 'package.json'), readFileSync(join(PROJECT_ROOT, 'package.json')));
  symlinkSync(join(PROJECT_ROOT, 'node_modules'), join(dir, 'node_modules'));
  process.exitCode = (await tryAll(dir)) ? 0 : 1;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
