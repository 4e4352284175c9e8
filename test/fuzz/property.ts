import fc from 'fast-check';
import type { Test } from 'tap';

/** Seed of all random tests of this process: another one each run, unless KEYFAN_SEED names it. */
export const SEED = Number(process.env.KEYFAN_SEED ?? Math.floor(Math.random() * 0x7fffffff));

export interface HoldsOptions {
  /** Random cases tried; KEYFAN_RUNS overrides it. */
  readonly runs?: number;
  readonly seed?: number;
  /** Report the first counterexample as it is: for properties whose cases are slow or not repeatable. */
  readonly endOnFailure?: boolean;
}

/** One assertion: the property holds for that many random cases. A failure says how to see the very same one again. */
export async function holds<T>(t: Test, name: string, property: fc.IRawProperty<T>, options: HoldsOptions = {}): Promise<void> {
  const seed = options.seed ?? SEED;
  const numRuns = Number(process.env.KEYFAN_RUNS ?? options.runs ?? 300);
  const outcome = await fc.check(property, { seed, numRuns, endOnFailure: options.endOnFailure ?? false });
  const failure = outcome.failed ? `again with KEYFAN_SEED=${seed}\n${fc.defaultReportMessage(outcome as fc.RunDetails<unknown>)}` : '';
  t.equal(failure, '', `${name} (KEYFAN_SEED=${seed}, ${outcome.numRuns} cases)`);
}
