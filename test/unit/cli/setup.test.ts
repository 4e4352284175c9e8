import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { PROJECT_ROOT } from '../../support/project.ts';

/**
 * A project of nothing but scripts/setup.mjs, with commands of our own on the path. Each writes how it was called to `log`.
 */
function sandbox(t: Test) {
  const root = t.testdir({
    project: { scripts: {}, src: { 'a.ts': '' }, test: {}, benchmarks: {}, 'tsconfig.json': '{}', 'package-lock.json': '{}' },
    bin: {},
  });
  const project = join(root, 'project');
  const bin = join(root, 'bin');
  const log = join(root, 'log');
  cpSync(join(PROJECT_ROOT, 'scripts/setup.mjs'), join(project, 'scripts/setup.mjs'));
  for (const tool of ['sh', 'touch', 'mkdir'])
    symlinkSync(execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim(), join(bin, tool));
  const add = (name: string, body: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\necho ${name} "$@" >> '${log}'\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  add('npm', `case "$1" in ci) mkdir -p node_modules; touch node_modules/.package-lock.json;; run) mkdir -p dist;; esac`);
  const run = (args: readonly string[] = [], preload = '') => {
    writeFileSync(join(root, 'preload.cjs'), preload);
    // SETUP_PATH keeps this machine's own servers out of sight.
    const env = { PATH: bin, SETUP_PATH: bin };
    const done = spawnSync(process.execPath, ['-r', join(root, 'preload.cjs'), join(project, 'scripts/setup.mjs'), ...args], {
      env,
      encoding: 'utf8',
    });
    return { code: done.status, text: done.stdout + done.stderr };
  };
  const calls = () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []).filter((line) => !/--version$/.test(line));
  return { project, bin, add, run, calls };
}

const AS_ROOT = 'process.getuid = () => 0;';
const AS_USER = 'process.getuid = () => 1000;';

t.test('with everything missing but the servers: dependencies, then the build; a second run does nothing', async (t) => {
  const box = sandbox(t);
  box.add('redis-server', '');
  t.equal(box.run().code, 0);
  t.same(box.calls(), ['npm ci --no-audit --no-fund', 'npm run --silent build']);
  t.same(box.run(), { code: 0, text: '' });
  t.equal(box.calls().length, 2);
});

t.test('a build that failed is done again, although it left files behind', async (t) => {
  const box = sandbox(t);
  box.add('redis-server', '');
  box.add(
    'npm',
    'case "$1" in ci) mkdir -p node_modules; touch node_modules/.package-lock.json;; run) mkdir -p dist/src; touch dist/src/main.js; exit 1;; esac',
  );
  for (const _ of ['first', 'second']) t.match(box.run(), { code: 1, text: /The build failed/ });
});

t.test('what is newer than its product is done again', async (t) => {
  const box = sandbox(t);
  box.add('redis-server', '');
  box.run();
  const later = new Date(Date.now() + 10_000);
  utimesSync(join(box.project, 'src/a.ts'), later, later);
  box.run();
  t.same(box.calls().slice(2), ['npm run --silent build']);
  utimesSync(join(box.project, 'package-lock.json'), later, later);
  box.run();
  t.match(box.calls().slice(3), ['npm ci --no-audit --no-fund', 'npm run --silent build']);
});

t.test('root with apt-get: redis-server is installed, nutcracker only for the tests', async (t) => {
  const box = sandbox(t);
  box.add('apt-get', '');
  t.equal(box.run([], AS_ROOT).code, 0);
  t.same(box.calls().slice(0, 2), ['apt-get update', 'apt-get install -y --no-install-recommends redis-server']);
  const tests = sandbox(t);
  tests.add('apt-get', '');
  tests.add('redis-server', '');
  t.equal(tests.run(['--test'], AS_ROOT).code, 0);
  t.same(tests.calls().slice(0, 2), ['apt-get update', 'apt-get install -y --no-install-recommends nutcracker']);
});

t.test('a user with sudo that asks nothing', async (t) => {
  const box = sandbox(t);
  box.add('apt-get', '');
  box.add('sudo', '');
  t.equal(box.run([], AS_USER).code, 0);
  t.same(box.calls().slice(0, 3), [
    'sudo -n true',
    'sudo -n apt-get update',
    'sudo -n apt-get install -y --no-install-recommends redis-server',
  ]);
});

t.test('a user who may not: exactly what to type, and nothing is done', async (t) => {
  for (const sudo of [true, false]) {
    const box = sandbox(t);
    box.add('apt-get', '');
    if (sudo) box.add('sudo', 'exit 1');
    const { code, text } = box.run(['--test'], AS_USER);
    t.equal(code, 1);
    t.match(text, /Missing: redis-server, nutcracker\. Type:\n\n {2}sudo apt-get update && sudo apt-get install redis-server nutcracker\n/);
    t.notMatch(box.calls(), ['npm']);
    t.notOk(existsSync(join(box.project, 'node_modules')));
  }
});

/** A box with the servers, where dpkg knows these packages. */
function withPackages(t: Test, ...installed: readonly string[]) {
  const box = sandbox(t);
  box.add('redis-server', '');
  const known = installed.map((name) => `${name}) echo 'Status: install ok installed';;`).join(' ');
  box.add('dpkg', `case "$2" in ${known} php-cli) echo 'Status: deinstall ok config-files';; *) exit 1;; esac`);
  const installs = () => box.calls().filter((line) => /^(sudo|apt-get|npm) /.test(line));
  return { ...box, installs };
}

const NPM = ['npm ci --no-audit --no-fund', 'npm run --silent build'];
const APT = 'apt-get install -y --no-install-recommends';

t.test('client libraries: what dpkg does not know is installed, each library by itself', async (t) => {
  const box = withPackages(t, 'gcc', 'libc6-dev', 'python3-redis');
  box.add('apt-get', '');
  t.equal(box.run(['--clients'], AS_ROOT).code, 0);
  t.same(box.installs(), ['apt-get update', `${APT} php-redis php-cli`, `${APT} libhiredis-dev`, `${APT} ruby-redis`, ...NPM]);
  const complete = withPackages(t, ...'python3-redis php-redis php-cli libhiredis-dev gcc libc6-dev ruby-redis'.split(' '));
  complete.add('apt-get', '');
  t.equal(complete.run(['--clients'], AS_ROOT).code, 0);
  t.same(complete.installs(), NPM, 'nothing is missing');
  const unasked = withPackages(t);
  unasked.add('apt-get', '');
  t.equal(unasked.run([], AS_ROOT).code, 0);
  t.same(unasked.installs(), NPM, 'only with --clients');
});

t.test('client libraries that cannot be installed: the others are, and what to type is told', async (t) => {
  const box = withPackages(t, 'python3-redis');
  box.add('apt-get', 'case "$*" in *php*) exit 100;; esac');
  const { code, text } = box.run(['--clients'], AS_ROOT);
  t.equal(code, 0);
  t.match(text, /go on without[^\n]*\nMissing: php-redis, php-cli\. Type:\n\n {2}apt-get update && apt-get install php-redis php-cli\n/);
  t.match(box.installs(), [/update/, /php/, /hiredis/, /ruby/, /npm ci/, /npm run/]);
});

t.test('client libraries for a user who may not install: the checks run without them', async (t) => {
  const box = withPackages(t, ...'python3-redis php-redis php-cli libhiredis-dev gcc libc6-dev'.split(' '));
  box.add('apt-get', '');
  box.add('sudo', 'exit 1');
  const { code, text } = box.run(['--clients'], AS_USER);
  t.equal(code, 0);
  t.match(text, /Missing: ruby-redis\. Type:\n\n {2}sudo apt-get update && sudo apt-get install ruby-redis\n/);
  t.same(box.installs(), ['sudo -n true', ...NPM]);
  const elsewhere = withPackages(t);
  elsewhere.add('dnf', '');
  t.equal(elsewhere.run(['--clients'], AS_USER).code, 0);
  t.same(elsewhere.calls(), NPM, 'no apt-get: nothing is said of packages of Debian');
});

t.test('another package manager: its own words', async (t) => {
  const box = sandbox(t);
  box.add('dnf', '');
  t.match(box.run([], AS_USER), { code: 1, text: /sudo dnf install redis\n/ });
});

t.test('an installation that fails', async (t) => {
  const box = sandbox(t);
  box.add('apt-get', 'exit 100');
  t.match(box.run([], AS_ROOT), { code: 1, text: /did not work[\s\S]*apt-get update && apt-get install redis-server\n/ });
  const npm = sandbox(t);
  npm.add('redis-server', '');
  npm.add('npm', 'exit 1');
  t.match(npm.run(), { code: 1, text: /Type:\n\n {2}npm ci\n/ });
});

t.test('an old Node is told so', async (t) => {
  const box = sandbox(t);
  mkdirSync(join(box.project, 'dist'), { recursive: true });
  const old = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.18.3' } });";
  t.match(box.run([], old), { code: 1, text: /needs Node 20\.19 or newer; this is 20\.18\.3/ });
});
