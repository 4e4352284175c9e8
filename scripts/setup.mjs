// Installs what is missing for the demo (with --test for the tests, with --clients for the checks of client libraries): npm dependencies,
// servers, the build.
// Plain Node: it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NODE_MIN = [20, 19];

const SERVERS = [
  { command: 'redis-server', flag: '--version', package: 'redis-server', only: 'always' },
  { command: 'nutcracker', flag: '--version', package: 'nutcracker', only: 'test' },
];

// Debian's client libraries, each with what its check needs beside it. They are not necessary: a check without its library says so.
const CLIENTS = [['python3-redis'], ['php-redis', 'php-cli'], ['libhiredis-dev', 'gcc', 'libc6-dev'], ['ruby-redis']];

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
  if (!mayInstall()) fail(...manual(missing));
  if (!readPackageLists() || !install(missing)) fail('That did not work.', ...manual(missing));
}

/** What cannot be installed is left out. */
function installClients() {
  if (!has('apt-get')) return;
  const missing = CLIENTS.map((packages) => packages.filter((name) => !isInstalled(name))).filter((packages) => packages.length > 0);
  if (missing.length === 0) return;
  const left = mayInstall() && readPackageLists() ? missing.filter((packages) => !install(packages)) : missing;
  if (left.length > 0) console.log(['The checks go on without some client libraries.', ...manual(left.flat())].join('\n'));
}

/** Libraries are no commands that could be run. */
const isInstalled = (name) => /^Status: .* installed$/m.test(run('dpkg', ['-s', name], { encoding: 'utf8' }).stdout ?? '');
const isRoot = () => process.getuid?.() === 0;
const mayInstall = () => isRoot() || run('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
const readPackageLists = () => apt('reading the package lists', 'update');
const install = (packages) => apt(`installing ${packages.join(', ')}`, 'install', '-y', '--no-install-recommends', ...packages);

function apt(text, ...args) {
  const env = { ...process.env, PATH, DEBIAN_FRONTEND: 'noninteractive' };
  return isRoot() ? step(text, 'apt-get', args, { env }) : step(text, 'sudo', ['-n', 'apt-get', ...args], { env });
}

function manual(missing) {
  const sudo = isRoot() ? '' : 'sudo ';
  return [`Missing: ${missing.join(', ')}. Type:`, '', `  ${sudo}apt-get update && ${sudo}apt-get install ${missing.join(' ')}`, ''];
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
  // Written behind a build without errors, and by nobody else: the compiler leaves alone what would come out the same.
  const built = join(ROOT, 'dist/.built');
  if (modified(built) >= newestSource) return;
  if (!step('building', 'npm', ['run', '--silent', 'build'])) fail('The build failed. Type:', '', '  npm run build', '');
  writeFileSync(built, '');
}

checkNode();
installServers(process.argv.includes('--test'));
if (process.argv.includes('--clients')) installClients();
installDependencies();
build();
