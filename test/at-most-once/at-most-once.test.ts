import t from 'tap';
import { FAULT_NAMES, type Fault } from './faults.ts';
import { LIE_NAMES, type LieName, lieArgs } from './lies.ts';
import { runAtMostOnce } from './run.ts';

/** One short run of what `npm run test:at-most-once` does for long. */
t.test('every reply to a write is true, and no write is executed twice', async (t) => {
  const { lies, texts, counts, faults } = await runAtMostOnce({ writes: 15_000, seed: 1 });
  t.equal(lies, 0, texts.join('\n'));
  t.strictSame(
    FAULT_NAMES.filter((name) => faults[name] === 0),
    [],
    'every fault was there',
  );
  const seen = (outcome: 'ok' | 'never' | 'unknown' | 'partly' | 'gone'): number =>
    Object.values(counts).reduce((sum, row) => sum + (row[outcome] ?? 0), 0);
  for (const outcome of ['ok', 'never', 'unknown', 'partly', 'gone'] as const)
    t.ok(seen(outcome) > 0, `${seen(outcome)} writes: ${outcome}`);
});

/** Faults that make the lie be told. */
const PROVOKED_BY: Readonly<Record<LieName, Fault>> = {
  resend: 'replies lost',
  'never-instead-of-unknown': 'replies lost',
  'timeout-told-as-never': 'stopped beyond the timeout',
  'ok-instead-of-partly': 'killed',
};

/** Runs in which a lie may stay unseen. */
const RUNS_MAX = 5;

for (const lie of LIE_NAMES) {
  t.test(`a keyfan that lies is found out: ${lie}`, async (t) => {
    // Whether a fault hits a write that is on its way is a matter of chance.
    let found = { lies: 0, texts: [] as readonly string[] };
    for (let seed = 1; seed <= RUNS_MAX && found.lies === 0; seed++)
      found = await runAtMostOnce({ writes: 4000, seed, nodeArgs: lieArgs(lie), faults: [PROVOKED_BY[lie]] });
    t.ok(found.lies > 0, `${found.lies} lies: ${found.texts[0]}`);
  });
}
