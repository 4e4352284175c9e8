import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../test/support/project.ts';

export const print = (line: string): boolean => process.stdout.write(`${line}\n`);
export const words = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);
export const today = (): string => new Date().toISOString().slice(0, 10);

/** Writes results to benchmarks/results, as JSON for machines and Markdown for people. */
export async function save(results: { readonly date: string; readonly name: string }, markdown: string): Promise<void> {
  const dir = join(PROJECT_ROOT, 'benchmarks/results');
  await mkdir(dir, { recursive: true });
  const file = join(dir, `${results.date}-${results.name}`);
  await writeFile(`${file}.json`, `${JSON.stringify(results, null, 1)}\n`);
  await writeFile(`${file}.md`, markdown);
  print(`\nwritten: benchmarks/results/${results.date}-${results.name}.json and .md`);
}

/** Load before a run above which somebody else is likely at work. */
const BUSY_LOAD = 0.5;

export function warnIfBusy(loadBefore: string): void {
  if (Number(loadBefore) > BUSY_LOAD)
    print(`warning: load average ${loadBefore}: something else may be running, the figures would mislead`);
}

/** Share of the machine others may use before the figures are doubted. */
const OTHERS_MAX = 0.05;

/** Says how much of the machine others used during the run, and warns where it is much. */
export function tellOthers(share: number): string {
  const text = `${(share * 100).toFixed(1)} %`;
  if (share > OTHERS_MAX) print(`\nwarning: others used ${text} of the machine during the run: the figures mislead`);
  return text;
}

export function failWith(error: Error): void {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
