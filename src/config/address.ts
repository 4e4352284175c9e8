/** Addresses as typed: `host:port`, `[::1]:port` or `unix:/path`. */
import type { Endpoint } from '../util/endpoint.ts';

export type Parsed = { readonly address: Endpoint } | { readonly problem: string };

const IPV6 = /^\[([0-9A-Fa-f:.]+(?:%[\w.]+)?)\]:(\d{1,5})$/;
const HOST = /^([A-Za-z0-9._-]+):(\d{1,5})$/;
const UNIX = /^unix:(\/[^\0]{1,106})$/;

/** Forms of others, each with what to write in its place. */
const FOREIGN: readonly (readonly [form: RegExp, advice: (...groups: string[]) => string])[] = [
  [/^rediss?:\/\//i, () => 'must be host:port, not a URL; there is no TLS'],
  // nutcracker's servers: host:port:weight or /path:weight, and a name.
  [/^([A-Za-z0-9._-]+:\d+):(\d+)(?:\s+(\S+))?$/, (address, weight, name) => longForm(address as string, weight as string, name)],
  [/^(\/[^\s:]+):(\d+)(?:\s+(\S+))?$/, (path, weight, name) => longForm(`unix:${path}`, weight as string, name)],
];

function longForm(address: string, weight: string, name: string | undefined): string {
  return `write { ${name === undefined ? '' : `name: ${name}, `}address: ${address}, weight: ${weight} }`;
}

function advice(text: string): string | undefined {
  for (const [form, tell] of FOREIGN) {
    const match = form.exec(text);
    if (match) return tell(...match.slice(1));
  }
  return undefined;
}

/** A listener may ask for port 0 (any free port), a node may not. */
export function parseAddress(text: string, role: 'listen' | 'node'): Parsed {
  const unix = UNIX.exec(text);
  if (unix) return { address: { path: unix[1] as string } };
  if (text.startsWith('unix:')) return { problem: 'must be unix: with an absolute path of at most 107 characters' };

  const match = IPV6.exec(text) ?? HOST.exec(text);
  if (!match) {
    const general = text.split(':').length > 2 ? 'write an IPv6 address as "[::1]:6379"' : 'must be host:port or unix:/path';
    return { problem: advice(text) ?? general };
  }
  const port = Number(match[2]);
  if (port > 65535 || (port === 0 && role === 'node')) return { problem: 'the port must be a number from 1 to 65535' };
  return { address: { host: match[1] as string, port } };
}

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);
const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1']);

/** True where two hosts may mean the same interface: equal, or `localhost` beside a loopback address. */
function sameHost(a: string, b: string): boolean {
  return a === b || (LOOPBACK.has(a) && LOOPBACK.has(b) && (a === 'localhost' || b === 'localhost'));
}

/** True where two listeners would claim the same socket. */
export function sameSocket(a: Endpoint, b: Endpoint): boolean {
  if ('path' in a || 'path' in b) return 'path' in a && 'path' in b && a.path === b.path;
  if (a.port !== b.port || a.port === 0) return false;
  return sameHost(a.host, b.host) || WILDCARDS.has(a.host) || WILDCARDS.has(b.host);
}

/** True where connecting to `node` would end at `listen`, as far as addresses tell. */
export function reaches(listen: Endpoint, node: Endpoint): boolean {
  if ('path' in listen || 'path' in node) return 'path' in listen && 'path' in node && listen.path === node.path;
  if (listen.port !== node.port) return false;
  return sameHost(listen.host, node.host) || (WILDCARDS.has(listen.host) && LOOPBACK.has(node.host));
}
