/**
 * npm run test:crosstalk [-- --seconds N --seed S --mode scripted|real]: keyfan between hundreds of clients and nodes that fail in every
 * way, and a look at every byte of every reply: is it for this request of this client? Ends with 1 where one is not, or where keyfan's own
 * books do not balance; see --help.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PROJECT_ROOT } from '../support/project.ts';
import { Random } from '../support/random.ts';
import { realStage } from './real-mode.ts';
import { type RunOptions, run, type Stage } from './run.ts';
import { scriptedStage } from './scripted-mode.ts';

const HELP = `usage: npm run test:crosstalk -- [options]

Proves that no reply reaches another request or another client: hundreds of clients, nodes that fail, every reply checked.

  --seconds N      time of traffic, all modes together (60)
  --seed S         repeats a run, as far as sockets allow (random)
  --mode MODE      scripted: nodes of our own, whose replies of all types name the request they answer; they come late, in
                   pieces, cut off, too early or unasked-for
                   real: redis-server nodes, killed and paused; values name their key and version
                   default: both, one after the other
  --clients N      connections at a time (200)
  --main FILE      keyfan's built main.js (dist/src/main.js)
  --fail-fast      end at the first crossing

Prints for each mode what was checked and what was done to nodes and clients. Exit code 1 on any crossing, or where the law
sent = delivered + dropped + failed does not hold at rest.
npm run test:crosstalk:mutants breaks keyfan in one place at a time and demands that this notices.`;

const STAGES: Readonly<Record<string, (options: RunOptions) => Promise<Stage>>> = { scripted: scriptedStage, real: realStage };

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 0x7fffffff)) },
    mode: { type: 'string' },
    clients: { type: 'string', default: '200' },
    main: { type: 'string', default: join(PROJECT_ROOT, 'dist/src/main.js') },
    'fail-fast': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function runModes(): Promise<boolean> {
  const modes = values.mode === undefined ? Object.keys(STAGES) : [values.mode];
  const seconds = Number(values.seconds) / modes.length;
  const [seed, clients] = [Number(values.seed), Number(values.clients)];
  if (!(seconds > 0 && clients > 0 && Number.isInteger(seed)) || modes.some((mode) => !Object.hasOwn(STAGES, mode))) {
    console.error(HELP);
    process.exit(2);
  }
  console.log(`seed ${seed}`);
  let failed = false;
  for (const mode of modes) {
    const options = { seconds, seed, clients, main: values.main, failFast: values['fail-fast'] };
    const stage = await (STAGES[mode] as (typeof STAGES)[string])(options);
    try {
      const outcome = await run(mode, stage, options, new Random(seed, 3));
      console.log(outcome.lines.join('\n'));
      failed ||= outcome.failed;
    } finally {
      await stage.stop();
    }
    if (failed) break;
  }
  console.log(failed ? `FAILED (seed ${seed})` : 'no crossing');
  return failed;
}

if (values.help) console.log(HELP);
else process.exit((await runModes()) ? 1 : 0);
