import t from 'tap';
import { FAULT_NAMES, type Fault } from './faults.ts';
import { LIE_NAMES, type LieName, lieArgs } from './lies.ts';
import { runAtMostOnce } from './run.ts';

/** Runs in which a fault, or a lie, may stay unseen: on a busy machine the writes are over before every fault was there. */
const RUNS_MAX = 5;
const OUTCOMES = ['ok', 'never', 'unknown', 'partly', 'gone'] as const;

/** A short run, more than one where it must be, of what `npm run test:at-most-once` does for long. */
t.test('every reply to a write is true, and no write is executed twice', async (t) => {
  const unseen = new Set<string>([...FAULT_NAMES, ...OUTCOMES]);
  for (let seed = 1; seed <= RUNS_MAX && unseen.size > 0; seed++) {
    const { lies, texts, counts, faults } = await runAtMostOnce({ writes: 15_000, seed });
    t.equal(lies, 0, texts.join('\n'));
    for (const name of FAULT_NAMES) if (faults[name] > 0) unseen.delete(name);
    for (const outcome of OUTCOMES) if (Object.values(counts).some((row) => (row[outcome] ?? 0) > 0)) unseen.delete(outcome);
  }
  t.strictSame([...unseen], [], 'every fault was there, and every outcome');
});

/** Faults that make the lie be told. */
const PROVOKED_BY: Readonly<Record<LieName, Fault>> = {
  resend: 'replies lost',
  'never-instead-of-unknown': 'replies lost',
  'timeout-told-as-never': 'stopped beyond the timeout',
  'ok-instead-of-partly': 'killed',
};

for (const lie of LIE_NAMES) {
  t.test(`a keyfan that lies is found out: ${lie}`, async (t) => {
    // Whether a fault hits a write that is on its way is a matter of chance.
    let found = { lies: 0, texts: [] as readonly string[] };
    for (let seed = 1; seed <= RUNS_MAX && found.lies === 0; seed++)
      found = await runAtMostOnce({ writes: 4000, seed, nodeArgs: lieArgs(lie), faults: [PROVOKED_BY[lie]] });
    t.ok(found.lies > 0, `${found.lies} lies: ${found.texts[0]}`);
  });
}
