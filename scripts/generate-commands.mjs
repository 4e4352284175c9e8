// Writes src/command/generated/ from what a real redis-server says of its own commands.
//
//   node scripts/generate-commands.mjs [PATH-OF-REDIS-SERVER]
//
// Starts the server on a free port of 127.0.0.1, asks COMMAND, COMMAND DOCS and COMMAND HELP, stops it. The files hold
// data only; the shapes are those of src/command/data.ts. Commands are sorted by name, so that two runs give the same files.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const OUT = new URL('../src/command/generated/', import.meta.url);
const START_ATTEMPTS = 100;

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

async function connect(port) {
  for (let attempt = 1; ; attempt++) {
    const socket = net.connect(port, '127.0.0.1');
    try {
      await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      return socket;
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
      await sleep(50);
    }
  }
}

/** Parses one RESP2 reply at `at`; null where bytes are missing. Simple and bulk strings both become strings. */
function parse(bytes, at) {
  const eol = bytes.indexOf('\r\n', at);
  if (eol === -1) return null;
  const line = bytes.toString('latin1', at + 1, eol);
  const type = String.fromCharCode(bytes[at]);
  let next = eol + 2;
  if (type === '+') return { value: line, next };
  if (type === ':') return { value: Number(line), next };
  if (type === '$') {
    const end = next + Number(line);
    return end + 2 > bytes.length ? null : { value: bytes.toString('utf8', next, end), next: end + 2 };
  }
  if (type !== '*') throw new Error(`unexpected reply: ${type}${line}`);
  const items = [];
  for (let i = 0; i < Number(line); i++) {
    const item = parse(bytes, next);
    if (item === null) return null;
    items.push(item.value);
    next = item.next;
  }
  return { value: items, next };
}

/** Sends an inline command and gives its parsed reply. */
function ask(socket, command) {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const onData = (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      const reply = parse(bytes, 0);
      if (reply === null) return;
      socket.off('data', onData);
      resolve(reply.value);
    };
    socket.on('data', onData).once('error', reject);
    socket.write(`${command}\r\n`);
  });
}

/** RESP2 gives a map as a flat array: every second item is a key. */
function mapOf(flat, convert = (_key, value) => value) {
  const out = {};
  for (let i = 0; i < flat.length; i += 2) out[flat[i]] = convert(flat[i], flat[i + 1]);
  return out;
}

/** Order of two COMMAND entries: the server's own order is that of a hash table with a random seed. */
const byName = ([a], [b]) => (a < b ? -1 : 1);

const specOf = (flat) =>
  mapOf(flat, (key, value) =>
    key === 'begin_search' || key === 'find_keys' ? mapOf(value, (inner, x) => (inner === 'spec' ? mapOf(x) : x)) : value,
  );

const argumentOf = (flat) => mapOf(flat, (key, value) => (key === 'arguments' ? value.map(argumentOf) : value));

const sortedMap = (map) => Object.fromEntries(Object.entries(map).sort(byName));

const docOf = (flat) =>
  mapOf(flat, (key, value) => {
    if (key === 'arguments') return value.map(argumentOf);
    if (key === 'subcommands') return sortedMap(mapOf(value, (_name, doc) => docOf(doc)));
    return value;
  });

/** Equal key specs are stored once; a command names them by index. */
function makeSpecTable() {
  const texts = [];
  return {
    texts,
    indexOf(spec) {
      const text = JSON.stringify(spec);
      if (!texts.includes(text)) texts.push(text);
      return texts.indexOf(text);
    },
  };
}

function commandOf(reply, specs) {
  const [name, arity, flags, first, last, step, acl, tips, keySpecs, subcommands] = reply;
  const command = { name, arity, flags: flags.join(' '), range: [first, last, step], acl: acl.map((c) => c.replace('@', '')).join(' ') };
  if (tips.length > 0) command.tips = tips;
  if (keySpecs.length > 0) command.specs = keySpecs.map((spec) => specs.indexOf(specOf(spec)));
  if (subcommands.length > 0) command.subcommands = subcommands.sort(byName).map((sub) => commandOf(sub, specs));
  return command;
}

/** JSON with the quotes around plain property names taken off. */
const literal = (value) => JSON.stringify(value).replace(/"([a-z_]+)":/g, '$1:');

const list = (lines) => `[\n${lines.map((line) => `  ${line},\n`).join('')}]`;

function write(version, commands, docs, help) {
  const specs = makeSpecTable();
  const rows = commands.sort(byName).map((reply) => commandOf(reply, specs));
  const head = `// Generated by scripts/generate-commands.mjs from redis-server ${version}. Do not edit: what differs goes to overrides.ts.\n`;
  writeFileSync(
    new URL('commands.ts', OUT),
    `${head}import type { CommandData, KeySpecData } from '../data.ts';\n\n` +
      `export const REDIS_VERSION = '${version}';\n\n` +
      `export const KEY_SPECS: readonly KeySpecData[] = ${list(specs.texts.map((text) => literal(JSON.parse(text))))};\n\n` +
      `export const COMMANDS: readonly CommandData[] = ${list(rows.map(literal))};\n`,
  );
  const documented = Object.entries(sortedMap(mapOf(docs, (_name, doc) => docOf(doc))));
  writeFileSync(
    new URL('docs.ts', OUT),
    `${head}import type { Tree } from '../data.ts';\n\n` +
      `export const COMMAND_HELP: readonly string[] = ${list(help.map((line) => JSON.stringify(line)))};\n\n` +
      `export const DOCS: Readonly<Record<string, Tree>> = {\n${documented.map(([name, doc]) => `  ${JSON.stringify(name)}: ${literal(doc)},\n`).join('')}};\n`,
  );
  console.log(`${rows.length} commands, ${specs.texts.length} key specs, from redis-server ${version}`);
}

const directory = mkdtempSync(join(tmpdir(), 'keyfan-commands-'));
const port = await freePort();
const server = spawn(process.argv[2] ?? 'redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory], {
  stdio: 'ignore',
});
const exited = new Promise((resolve, reject) => server.once('exit', resolve).once('error', reject));
exited.catch((error) => {
  console.error(`cannot start redis-server: ${error.message}`);
  rmSync(directory, { recursive: true, force: true });
  process.exit(1);
});
try {
  const socket = await connect(port);
  const version = /redis_version:(\S+)/.exec(await ask(socket, 'INFO server'))[1];
  write(version, await ask(socket, 'COMMAND'), await ask(socket, 'COMMAND DOCS'), await ask(socket, 'COMMAND HELP'));
  socket.destroy();
} finally {
  server.kill();
  await exited;
  rmSync(directory, { recursive: true, force: true });
}
