// npm test: sets up what is missing, builds, runs the test files, prints `N passed, N failed` alone as the last line.
//   npm test                   everything under test/ named *.test.ts
//   npm test -- routing ring   only files whose path holds one of the words
//   KEYFAN_SKIP_SETUP=1        no set-up, for a caller that has done it
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
/** A file that takes longer hangs: it is killed and counts as failed. */
const FILE_TIMEOUT_SECONDS = 120;
const STDERR_MAX = 16_384;
const LINES_MAX = 200;
/** tap's own limit for a file, 30 s unless told, a little below ours: it says which test hangs. */
const ENV = { ...process.env, TAP_TIMEOUT: String(FILE_TIMEOUT_SECONDS - 10) };
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

process.chdir(ROOT);
const words = process.argv.slice(2);
if (process.env.KEYFAN_SKIP_SETUP !== '1') step('set-up', setUp);
step('build', () => run(process.execPath, [TSC, '-p', 'tsconfig.json']));
const files = testFiles(words);
if (files.length === 0) stop(`no test file matches ${words.join(' ')}`);
console.log(`> ${files.length} test files`);

const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    for (const child of running) killGroup(child);
    stop(`ended by ${signal}`);
  });
}
report(await runAll(files));

function setUp() {
  if (existsSync('scripts/setup.mjs') && !run(process.execPath, ['scripts/setup.mjs', '--test'])) return false;
  return existsSync(TSC) || run('npm', ['ci', '--no-audit', '--no-fund']);
}

function run(command, args) {
  return spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;
}

function step(name, work) {
  console.log(`> ${name}`);
  if (!work()) stop(`${name} failed`);
}

function stop(reason) {
  console.error(reason);
  console.log('0 passed, 1 failed');
  process.exit(1);
}

/** From the sources, so that what an earlier build left behind in dist does not run. */
function testFiles(filters) {
  const sources = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.test.ts'));
  const wanted = filters.length === 0 ? sources : sources.filter((path) => filters.some((word) => path.includes(word)));
  return wanted.sort().map((path) => join('dist/test', path.replace(/\.ts$/, '.js')));
}

/** Runs every file in a process of its own, one more at once than there are cores (four at most), as many of them wait. Resolves with the sums of tap's own totals. */
async function runAll(paths) {
  const sums = { pass: 0, fail: 0, skip: 0, todo: 0, failed: [] };
  const queue = [...paths];
  const worker = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await runFile(file);
      for (const key of ['pass', 'fail', 'skip', 'todo']) sums[key] += result[key];
      if (result.fail > 0) sums.failed.push(file);
      show(file, result);
    }
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism() + 1) }, worker));
  return sums;
}

/** One test file: its totals, and where something failed the reasons. Whatever goes wrong counts as at least one failure. */
async function runFile(file) {
  const began = performance.now();
  // A process group of its own, so that nothing it started is left behind.
  const child = spawn(process.execPath, ['--enable-source-maps', file], { env: ENV, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  running.add(child);
  const result = { pass: 0, fail: 0, skip: 0, todo: 0, reasons: [], lines: [], seconds: 0 };
  const timer = setTimeout(() => {
    result.reasons.push(`no end after ${FILE_TIMEOUT_SECONDS} s: killed`);
    killGroup(child);
  }, FILE_TIMEOUT_SECONDS * 1000);
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors = (errors + chunk).slice(-STDERR_MAX);
  });
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  // A process that outlives the test holds the pipes open: without this the run would wait for it.
  child.once('exit', () => killGroup(child));
  const keep = failureFilter();
  for await (const line of createInterface({ input: child.stdout })) {
    const totals = /^# \{ (.*) \}$/.exec(line);
    if (totals) for (const [, key, count] of totals[1].matchAll(/(\w+): (\d+)/g)) result[key] = Number(count);
    if (keep(line)) result.lines.push(line);
  }
  const { code, signal } = await ended;
  clearTimeout(timer);
  running.delete(child);
  result.seconds = (performance.now() - began) / 1000;
  if (code !== 0) result.reasons.push(signal === null ? `exit code ${code}` : `ended by ${signal}`);
  if (result.pass + result.fail + result.skip + result.todo === 0) result.reasons.push('no test ran in it');
  if (result.reasons.length > 0 && result.fail === 0) result.fail = 1;
  if (result.fail > 0 && errors) result.lines.push('  stderr:', ...errors.trimEnd().split('\n'));
  return result;
}

function killGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}

function show(file, { pass, fail, reasons, lines, seconds }) {
  const name = file.replace(/^dist\//, '');
  console.log(`${fail === 0 ? 'ok    ' : 'FAILED'} ${name}  (${pass} passed, ${fail} failed, ${seconds.toFixed(1)} s)`);
  if (fail === 0) return;
  for (const reason of reasons) console.log(`  ${reason}`);
  for (const line of lines.slice(0, LINES_MAX)) console.log(`  ${line}`);
  if (lines.length > LINES_MAX) console.log(`  … ${lines.length - LINES_MAX} more lines`);
}

/** True for the TAP lines that say what failed and why: failed results and their diagnostics. */
function failureFilter() {
  let diagnostics = false;
  let failing = false;
  /** Indentation of tap's list of open handles, which is long and says little; -1 outside of it. */
  let handles = -1;
  return (line) => {
    const indent = line.search(/\S/);
    if (handles >= 0 && (indent > handles || (indent === handles && line.startsWith('- ', indent)))) return false;
    handles = diagnostics && /^\s*handles:$/.test(line) ? indent : -1;
    if (handles >= 0) return false;
    if (/^\s*---$/.test(line)) diagnostics = true;
    const result = /^\s*(not ok|ok|Bail out!)/.exec(line);
    if (result && !diagnostics) failing = result[1] !== 'ok';
    const wanted = failing && (diagnostics || result);
    if (/^\s*\.\.\.$/.test(line)) diagnostics = false;
    return wanted;
  };
}

function report({ pass, fail, skip, todo, failed }) {
  for (const file of failed.sort()) console.log(`failed: ${file.replace(/^dist\//, '')}`);
  console.log(`counted are assertions, in ${files.length} files; skipped: ${skip}, todo: ${todo}`);
  const failures = pass + fail === 0 ? 1 : fail;
  console.log(`${pass} passed, ${failures} failed`);
  process.exit(failures === 0 ? 0 : 1);
}
