/**
 * keyfan.yaml: the one source of its types, defaults and documentation. Keys of the parsed configuration are those of
 * the file; durations are milliseconds, sizes are bytes, addresses are taken apart.
 */
import { z } from 'zod';
import { SCANNED_NODES_MAX } from '../routing/scan-cursor.ts';
import type { Endpoint } from '../util/endpoint.ts';
import { parseAddress } from './address.ts';
import { strategyField } from './strategy-field.ts';
import { duration, size } from './units.ts';

function address(role: 'listen' | 'node') {
  return z.string().transform((text, ctx): Endpoint => {
    const parsed = parseAddress(text, role);
    if ('address' in parsed) return parsed.address;
    ctx.addIssue({ code: 'custom', message: parsed.problem });
    return z.NEVER;
  });
}

function count(fallback: number, meaning: string, max: number) {
  return z.int().min(1).max(max).default(fallback).describe(meaning);
}

const secret = (meaning: string) => z.string().min(1).optional().describe(meaning);

const name = z.string().regex(/^[^\s\p{C}]{1,255}$/u, { error: 'must be 1 to 255 characters without spaces' });

const nodeFields = z.strictObject({
  name: name
    .optional()
    .describe('Unique in the pool; the identity of the node in placement, metrics and logs. Default: the address as typed.'),
  address: z.string().describe('host:port or unix:/path'),
  weight: z.int().min(1).max(1_000_000).default(1).describe('Share of the keys, relative to the other nodes.'),
  slots: z
    .string()
    .regex(/^\s*\d+(-\d+)?(\s*,\s*\d+(-\d+)?)*\s*$/, { error: 'must be slot ranges such as 0-5460,6000' })
    .optional()
    .describe('Only for strategy slots: the inclusive ranges of hash slots this node owns.'),
  username: secret("Overrides the pool's username for this node."),
  password: secret("Overrides the pool's password for this node."),
});

/** nutcracker's label: the given name, else the address as typed, where port 11211 goes unsaid and a path ends in a colon. */
function labelOf(given: string | undefined, typed: string): string {
  if (given !== undefined) return given;
  return typed.startsWith('unix:') ? `${typed.slice('unix:'.length)}:` : typed.replace(/:11211$/, '');
}

const node = z
  .union([z.string(), nodeFields])
  .transform((value, ctx) => {
    const fields = typeof value === 'string' ? { address: value, weight: 1 } : value;
    const parsed = parseAddress(fields.address, 'node');
    if ('address' in parsed) {
      const given = 'name' in fields ? fields.name : undefined;
      return { ...fields, name: given ?? fields.address, label: labelOf(given, fields.address), address: parsed.address };
    }
    ctx.addIssue({ code: 'custom', message: parsed.problem, path: typeof value === 'string' ? [] : ['address'] });
    return z.NEVER;
  })
  .describe('host:port, unix:/path, or an object with name, address, weight, slots, username and password.');

const timeouts = z.strictObject({
  connect: duration('1s', 'Opening a connection to a node, authentication included.'),
  request: duration('5s', 'From the arrival of a request to its reply; then the client gets an error in the place of the reply.'),
  client_idle: duration('1h', 'A client that sends nothing for so long is disconnected.'),
  client_request: duration('30s', 'A client that stops in the middle of a request for so long is disconnected.'),
  client_stall: duration(
    '5s',
    'A client that takes nothing of what was sent to it for so long, while it is to be sent more, is disconnected; five times sooner where others wait behind.',
  ),
  node_idle: duration('30s', 'A node connection without traffic for so long is asked for a sign of life.'),
  drain: duration('10s', 'On SIGTERM, SIGINT and SIGHUP: the longest wait for accepted requests to be answered. 0s does not wait.', {
    min: '0ms',
  }),
});

const limits = z.strictObject({
  clients: count(10_000, 'Connected clients; further ones get an error and are closed.', 1_000_000),
  client_in_flight: count(4096, 'Requests of one client waiting for replies; then keyfan stops reading from it for a while.', 1_000_000),
  client_subscriptions: count(100_000, 'Channels and patterns that one client may subscribe to.', 10_000_000),
  client_unsent: size(
    '1mb',
    'Reply bytes one client has not taken yet; above it no more is read for it until it has taken some. See timeouts.client_stall.',
  ),
  client_query: size(
    '1gb',
    "Bytes of a request that is not whole yet, as Redis' client-query-buffer-limit; above it the client is disconnected.",
  ),
  request_size: size('512mb', "Longest argument of a request, as Redis' proto-max-bulk-len.", { max: '512mb' }),
  node_in_flight: count(
    65_536,
    'Requests sent on one connection to a node and not answered yet; then further ones fail at once.',
    16_777_216,
  ),
  node_queued: size('64mb', 'Bytes accepted for one connection to a node and not written yet; then further requests fail at once.'),
  node_leases: count(8, 'Connections to one node beside each shared one, for large requests and replies; then such requests wait.', 1024),
  node_reserved: count(
    1024,
    'Connections to one node, for each database and version of RESP, that clients have to themselves: for transactions, scripts, blocking commands and subscriptions; then such requests wait.',
    65_536,
  ),
  databases: count(16, 'Databases that clients of the pool use at a time; each costs a connection to each node, another for RESP3.', 1024),
});

const reconnect = z
  .strictObject({
    min: duration('50ms', 'First wait before a node is connected to again; it doubles, with jitter, from failure to failure.'),
    max: duration('1s', 'Longest wait between two attempts.'),
  })
  .refine(({ min, max }) => min <= max, { path: ['min'], error: 'is longer than reconnect.max' });

const autoEjectFields = z.strictObject({
  enabled: z.boolean().default(false).describe('For pure caches only: the keys of an ejected node move to the others, and back.'),
  failures: count(2, 'Failures in a row after which a node is ejected.', 1_000_000),
  retry: duration('30s', 'How long an ejected node stays out before it is probed; it returns after a successful PING.'),
});

const autoEject = z
  .union([z.boolean(), autoEjectFields])
  .transform((value) => (typeof value === 'boolean' ? autoEjectFields.parse({ enabled: value }) : value))
  .prefault({});

const poolFields = z.strictObject({
  listen: address('listen').describe('Where clients connect: host:port, "[::1]:port" or unix:/path. Port 0 takes any free port.'),
  strategy: strategyField.describe(
    'How keys are spread over the nodes: a name, a path (./my-strategy.js), or an object with type and its options.',
  ),
  nodes: z
    .array(node)
    .min(1, { error: 'must name at least one node' })
    .max(SCANNED_NODES_MAX, { error: `must not name more than ${SCANNED_NODES_MAX} nodes` })
    .describe('The Redis nodes behind this pool.'),
  client_password: secret('Clients must AUTH with it.'),
  client_username: z.string().min(1).default('default').describe('The user name that goes with client_password.'),
  username: secret('User name keyfan gives to nodes. Needs a password.'),
  password: secret('Password keyfan gives to nodes.'),
  database: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(0)
    .describe('The database of clients that select none.'),
  admin_commands: z
    .enum(['deny', 'allow'])
    .default('deny')
    .describe('Commands that manage the nodes (CONFIG, SLOWLOG, BGSAVE, ACL SETUSER …): allow sends them to all nodes.'),
  scripts: z
    .enum(['own', 'shared'])
    .default('own')
    .describe(
      "own: a script runs on a connection that is the client's own for the time. shared: on the shared one, which a script's forged error text can bring out of step on old nodes; a node that lacks a script is then given it only where nothing is pipelined behind.",
    ),
  timeouts: timeouts.prefault({}),
  limits: limits.prefault({}),
  reconnect: reconnect.prefault({}),
  auto_eject: autoEject.describe('Takes failing nodes out of the ring (true, or an object). Not for strategy slots.'),
});

/** A node's own credentials win over the pool's. */
export const poolSchema = poolFields.transform((fields) => ({
  ...fields,
  nodes: fields.nodes.map((entry) => ({ ...pick(fields), ...entry })),
}));

function pick(credentials: { username?: string | undefined; password?: string | undefined }): { username?: string; password?: string } {
  const { username, password } = credentials;
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
}

export const poolName = z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/, {
  error: 'a pool is named with letters, digits, _, . and -, beginning with a letter',
});

/** More than any machine has cores for; each of them connects to every node. */
const WORKERS_MAX = 256;

export const configSchema = z.strictObject({
  admin: z
    .strictObject({
      listen: address('listen').optional().describe('host:port for /metrics, /healthz and /readyz. Without it there is no admin server.'),
    })
    .prefault({}),
  workers: z
    .union([z.int().min(1).max(WORKERS_MAX), z.literal('auto')])
    .default(1)
    .describe(
      'Processes that serve clients: a number, or auto for one a core. Each has its own connections to the nodes. 1 is one process in all.',
    ),
  buffers: size(
    '512mb',
    'Bytes of requests and replies that are held for clients, divided by the number of workers; towards it keyfan reads less, then refuses new clients, then closes the worst.',
  ),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('debug, info, warn, error or silent.'),
    })
    .prefault({}),
  pools: z
    .record(poolName, poolSchema)
    .refine((pools) => Object.keys(pools).length > 0, { error: 'must hold at least one pool' })
    .describe('Pools by name, each with its own listener, strategy and nodes.'),
});

/** The configuration as written, defaults left out; what library users pass. */
export type ConfigInput = z.input<typeof configSchema>;
/** The configuration complete: milliseconds, bytes, addresses. */
export type Config = z.output<typeof configSchema>;
export type PoolConfig = Config['pools'][string];
export type NodeConfig = PoolConfig['nodes'][number];
