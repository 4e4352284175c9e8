/**
 * Rules between keys. They look at the configuration as written, so that they speak up in the same run in which single
 * values are wrong too; what they cannot read they leave to the schema.
 */
import { STRATEGIES } from '../routing/strategies/registry.ts';
import { type Endpoint, formatEndpoint } from '../util/endpoint.ts';
import { parseAddress, reaches, sameSocket } from './address.ts';
import type { Complaint } from './messages.ts';
import type { Path } from './problem.ts';
import { hint } from './spelling.ts';
import { DEFAULT_STRATEGY } from './strategy-field.ts';

type Dict = Readonly<Record<string, unknown>>;

const isDict = (value: unknown): value is Dict => typeof value === 'object' && value !== null && !Array.isArray(value);
const dict = (value: unknown): Dict => (isDict(value) ? value : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function read(text: unknown, role: 'listen' | 'node'): Endpoint | undefined {
  if (typeof text !== 'string') return undefined;
  const parsed = parseAddress(text, role);
  return 'address' in parsed ? parsed.address : undefined;
}

/** The name of a node as written, undefined where it cannot be read. */
function nameOf(node: unknown): string | undefined {
  const name = typeof node === 'string' ? node : (dict(node).name ?? dict(node).address);
  return typeof name === 'string' ? name : undefined;
}

/** The pools as written, as far as they are maps. */
export function poolsOf(config: unknown): [name: string, pool: Dict][] {
  return Object.entries(dict(dict(config).pools)).filter((entry): entry is [string, Dict] => isDict(entry[1]));
}

export function crossCheck(config: unknown): Complaint[] {
  const pools = poolsOf(config);
  const complaints = pools.flatMap(([name, pool]) => POOL_RULES.flatMap((rule) => rule(pool, ['pools', name])));
  return [...complaints, ...ejectionByWorkers(dict(config), pools), ...listeners(dict(config), pools)];
}

type Rule = (pool: Dict, at: Path) => Complaint[];

const POOL_RULES: readonly Rule[] = [
  duplicateNames,
  ownListener,
  strategyKeys,
  slotsOwners,
  vnodesOwners,
  ejectable,
  credentials,
  clientCredentials,
];

function listeners(config: Dict, pools: readonly [string, Dict][]): Complaint[] {
  const places: [Path, unknown][] = pools.map(([name, pool]) => [['pools', name, 'listen'], pool.listen]);
  places.unshift([['admin', 'listen'], dict(config.admin).listen]);
  const seen: { path: Path; address: Endpoint }[] = [];
  const complaints: Complaint[] = [];
  for (const [path, text] of places) {
    const address = read(text, 'listen');
    if (!address) continue;
    const other = seen.find((entry) => sameSocket(entry.address, address));
    if (other) complaints.push({ path, message: `${formatEndpoint(address)} is taken by ${other.path.join('.')}` });
    else seen.push({ path, address });
  }
  return complaints;
}

export function duplicateNames(pool: Dict, at: Path): Complaint[] {
  const first = new Map<string, number>();
  return list(pool.nodes).flatMap((node, index) => {
    const name = nameOf(node);
    if (name === undefined) return [];
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, index);
    return earlier === undefined
      ? []
      : [{ path: [...at, 'nodes', index], message: `has the same name as nodes[${earlier}]; names are unique` }];
  });
}

/** No rule: two names for one Redis are allowed, and most often a slip of the one who copied a line. */
export function duplicateAddresses(config: unknown): Complaint[] {
  return poolsOf(config).flatMap(([name, pool]) => {
    const first = new Map<string, number>();
    return list(pool.nodes).flatMap((node, index) => {
      const address = read(isDict(node) ? node.address : node, 'node');
      const text = address === undefined ? undefined : formatEndpoint(address);
      const earlier = text === undefined ? undefined : first.get(text);
      if (text !== undefined && earlier === undefined) first.set(text, index);
      if (earlier === undefined) return [];
      return [{ path: ['pools', name, 'nodes', index], message: `has the same address as nodes[${earlier}]` }];
    });
  });
}

function ownListener(pool: Dict, at: Path): Complaint[] {
  const listen = read(pool.listen, 'listen');
  if (!listen) return [];
  return list(pool.nodes).flatMap((node, index) => {
    const address = read(isDict(node) ? node.address : node, 'node');
    return address && reaches(listen, address) ? [{ path: [...at, 'nodes', index], message: "is this pool's own listener" }] : [];
  });
}

function strategyType(pool: Dict): string | undefined {
  const strategy = pool.strategy ?? DEFAULT_STRATEGY;
  const type = isDict(strategy) ? strategy.type : strategy;
  return typeof type === 'string' ? type : undefined;
}

/** Without a type nobody knows the other keys; one that looks like it is named all the same. */
function strategyKeys(pool: Dict, at: Path): Complaint[] {
  if (!isDict(pool.strategy) || pool.strategy.type !== undefined) return [];
  return Object.keys(pool.strategy).flatMap((key) => {
    const guess = hint(key, ['type']);
    return guess === '' ? [] : [{ path: [...at, 'strategy', key], message: `unknown key${guess}`, atKey: true }];
  });
}

function slotsOwners(pool: Dict, at: Path): Complaint[] {
  const type = strategyType(pool);
  if (type === undefined || type === 'slots' || !STRATEGIES.has(type)) return [];
  return list(pool.nodes).flatMap((node, index) =>
    dict(node).slots === undefined
      ? []
      : [{ path: [...at, 'nodes', index, 'slots'], message: `is for strategy slots, not for ${type}`, atKey: true }],
  );
}

/** Without its node such a number would be passed over, and the ring another than was meant. */
function vnodesOwners(pool: Dict, at: Path): Complaint[] {
  const names = list(pool.nodes).map(nameOf);
  if (strategyType(pool) !== 'hashring' || names.length === 0 || names.includes(undefined)) return [];
  const known = new Set(names as string[]);
  return Object.keys(dict(dict(pool.strategy).vnodes)).flatMap((name) => {
    if (known.has(name)) return [];
    return [{ path: [...at, 'strategy', 'vnodes', name], message: `there is no node of that name${hint(name, known)}`, atKey: true }];
  });
}

const ejects = (pool: Dict): boolean => pool.auto_eject === true || dict(pool.auto_eject).enabled === true;

/** Each worker would decide for itself, and until all have, a key has two homes. */
function ejectionByWorkers({ workers }: Dict, pools: readonly [string, Dict][]): Complaint[] {
  if (workers !== 'auto' && !(typeof workers === 'number' && workers > 1)) return [];
  const message = 'needs workers: 1; several workers would not agree on when a node is out';
  return pools.flatMap(([name, pool]) => (ejects(pool) ? [{ path: ['pools', name, 'auto_eject'], message, atKey: true }] : []));
}

function ejectable(pool: Dict, at: Path): Complaint[] {
  const type = strategyType(pool);
  if (!ejects(pool) || type === undefined || STRATEGIES.get(type)?.ejectable !== false) return [];
  return [{ path: [...at, 'auto_eject'], message: `is not possible with strategy ${type}, whose nodes cannot be taken out`, atKey: true }];
}

function credentials(pool: Dict, at: Path): Complaint[] {
  const complaint = (path: Path) => ({ path: [...path, 'username'], message: 'needs a password beside it', atKey: true });
  const nodes = list(pool.nodes).map(dict);
  const lonely = (fields: Dict) => fields.username !== undefined && fields.password === undefined && pool.password === undefined;
  const found = nodes.flatMap((node, index) => (lonely(node) ? [complaint([...at, 'nodes', index])] : []));
  return lonely(pool) && !nodes.some((node) => node.password !== undefined) ? [complaint(at), ...found] : found;
}

function clientCredentials(pool: Dict, at: Path): Complaint[] {
  const lonely = pool.client_username !== undefined && pool.client_username !== 'default' && pool.client_password === undefined;
  return lonely ? [{ path: [...at, 'client_username'], message: 'needs a client_password beside it', atKey: true }] : [];
}
