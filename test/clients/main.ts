/** npm run test:clients: client libraries and what is built on them, before three nodes. Exits with 1 where one fails. */
import { checkBullmq } from './bullmq.ts';

const CHECKS: Readonly<Record<string, () => Promise<string>>> = { bullmq: checkBullmq };

let failed = 0;
for (const [name, check] of Object.entries(CHECKS)) {
  try {
    console.log(`ok     ${name}: ${await check()}`);
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}: ${error instanceof Error ? error.stack : error}`);
  }
}
console.log(`${Object.keys(CHECKS).length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
