// Installs what is missing for the demo (and with --test for the tests): npm dependencies, servers, the build.
// Plain Node: it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NODE_MIN = [20, 19];

const SERVERS = [
  { command: 'redis-server', flag: '--version', package: 'redis-server', only: 'always' },
  { command: 'nutcracker', flag: '--version', package: 'nutcracker', only: 'test' },
];

// How other systems install a package; what they call Redis.
const MANAGERS = [
  { command: 'dnf', install: 'sudo dnf install', names: { 'redis-server': 'redis' } },
  { command: 'apk', install: 'sudo apk add', names: { 'redis-server': 'redis' } },
  { command: 'pacman', install: 'sudo pacman -S', names: { 'redis-server': 'redis' } },
  { command: 'brew', install: 'brew install', names: { 'redis-server': 'redis' } },
];

// Where Debian keeps servers, which is not on every user's path.
const PATH = process.env.SETUP_PATH ?? `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;

function run(command, args, options = {}) {
  return spawnSync(command, args, { cwd: ROOT, env: { ...process.env, PATH }, ...options });
}

/** Whether the command exists; nutcracker ends with 1 after printing its version. */
const has = (command, flag = '--version') => run(command, [flag], { stdio: 'ignore' }).error === undefined;

function fail(...lines) {
  console.error(['', ...lines].join('\n'));
  process.exit(1);
}

function step(text, command, args, options = {}) {
  console.log(`setup: ${text} (${[command, ...args].join(' ')})`);
  // What the tools say goes to standard error: standard output belongs to whoever runs after us.
  return run(command, args, { stdio: ['ignore', 2, 2], ...options }).status === 0;
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < NODE_MIN[0] || (major === NODE_MIN[0] && minor < NODE_MIN[1])) {
    fail(`keyfan needs Node ${NODE_MIN.join('.')} or newer; this is ${process.versions.node}.`);
  }
}

function installServers(test) {
  const missing = SERVERS.filter(({ only, command, flag }) => (only === 'always' || test) && !has(command, flag)).map(
    (server) => server.package,
  );
  if (missing.length === 0) return;
  if (!has('apt-get')) fail(`Missing: ${missing.join(', ')}. Type:`, ...otherManager(missing));

  const root = process.getuid?.() === 0;
  const typed = `apt-get update && ${root ? '' : 'sudo '}apt-get install ${missing.join(' ')}`;
  const manual = [`Missing: ${missing.join(', ')}. Type:`, '', `  ${root ? '' : 'sudo '}${typed}`, ''];
  if (!root && run('sudo', ['-n', 'true'], { stdio: 'ignore' }).status !== 0) fail(...manual);

  const apt = (...args) => (root ? ['apt-get', args] : ['sudo', ['-n', 'apt-get', ...args]]);
  const env = { ...process.env, PATH, DEBIAN_FRONTEND: 'noninteractive' };
  const install = () => step(`installing ${missing.join(', ')}`, ...apt('install', '-y', '--no-install-recommends', ...missing), { env });
  if (!step('reading the package lists', ...apt('update'), { env }) || !install()) fail('That did not work.', ...manual);
}

function otherManager(missing) {
  const manager = MANAGERS.find(({ command }) => has(command));
  if (!manager) return ['', `  (the package manager of this system, for ${missing.join(' and ')})`, ''];
  return ['', `  ${manager.install} ${missing.map((name) => manager.names[name] ?? name).join(' ')}`, ''];
}

const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

function installDependencies() {
  // npm writes this file at the end of an installation.
  const installed = modified(join(ROOT, 'node_modules/.package-lock.json'));
  if (installed > 0 && installed >= modified(join(ROOT, 'package-lock.json'))) return;
  if (!step('installing dependencies', 'npm', ['ci', '--no-audit', '--no-fund']))
    fail('Installing the dependencies failed. Type:', '', '  npm ci', '');
}

function newest(directory) {
  if (!existsSync(directory)) return 0;
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .map((entry) => modified(join(entry.parentPath ?? entry.path, entry.name)))
    .reduce((latest, time) => Math.max(latest, time), modified(directory));
}

function build() {
  // Directories count with their entries, so that a file that was removed or renamed shows as well.
  const sources = ['src', 'test', 'benchmarks'].map((name) => newest(join(ROOT, name)));
  const newestSource = Math.max(...sources, modified(join(ROOT, 'tsconfig.json')), modified(join(ROOT, 'package-lock.json')));
  if (modified(join(ROOT, 'dist/src/main.js')) >= newestSource) return;
  if (!step('building', 'npm', ['run', '--silent', 'build'])) fail('The build failed. Type:', '', '  npm run build', '');
}

checkNode();
installServers(process.argv.includes('--test'));
installDependencies();
build();
