/**
 * npm run test:clients: client libraries and what is built on them, before three nodes. A line each:
 *   ok      what it was
 *   absent  the Debian package is not installed, and could not be
 *   FAILED  why
 * BullMQ has a check of its own (bullmq.ts). The others are programs that do the same things, which scenarios.ts tells in words: one more library
 * is one more program, and a line here and in scripts/setup.mjs. Exits with 1 where one fails.
 */
import { checkBullmq } from './bullmq.ts';
import { checkHiredis, checkScript } from './programs.ts';

const CHECKS: Readonly<Record<string, () => Promise<string | null>>> = {
  bullmq: checkBullmq,
  'python3-redis': () => checkScript('/usr/bin/python3', ['-c', 'import redis'], 'python_redis.py'),
  'php-redis': () => checkScript('/usr/bin/php', ['-r', 'new Redis();'], 'php_redis.php'),
  'libhiredis-dev': checkHiredis,
  'ruby-redis': () => checkScript('/usr/bin/ruby', ['-e', 'require "redis"'], 'ruby_redis.rb'),
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
