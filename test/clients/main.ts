/**
 * npm run test:clients: client libraries and what is built on them, before three nodes. Debian's python3-redis takes part where it is installed.
 * Exits with 1 where one fails.
 */
import { checkBullmq } from './bullmq.ts';
import { checkProgram } from './packages.ts';

const CHECKS: Readonly<Record<string, () => Promise<string | null>>> = {
  bullmq: checkBullmq,
  'python3-redis': () => checkProgram('/usr/bin/python3', ['-c', 'import redis'], 'python_redis.py'),
};

let [passed, failed] = [0, 0];
for (const [name, check] of Object.entries(CHECKS)) {
  try {
    const said = await check();
    if (said !== null) passed++;
    console.log(said === null ? `absent ${name} is not installed` : `ok     ${name}: ${said}`);
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}: ${error instanceof Error ? error.stack : error}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
