/** What `keyfan demo` prints once it runs: where everything is, and what to try. */
import { fileURLToPath } from 'node:url';
import type { Strategy } from '../routing/strategy.ts';
import type { Topology } from '../routing/topology.ts';

export interface DemoFacts {
  readonly endpoint: string;
  readonly admin: string;
  readonly nodes: readonly { readonly name: string; readonly port: number }[];
  readonly file: string;
  /** As the user gave it. */
  readonly name: string;
  readonly topology: Topology;
}

/** What may be promised, by placement: where any node serves any key, one need not have what another was given. */
const PROMISES: Readonly<Record<Strategy['placement'], readonly [single: string, several: string]>> = {
  keyed: [
    'Write and read through the one endpoint; a second demo finds the key again:',
    'Write keys to all nodes with one command, and ask which node has which:',
  ],
  any: [
    'Write and read through the one endpoint; any node may get either, so the key may seem not to be there:',
    'Write several keys with one command, and ask which nodes may have them:',
  ],
};

const WORDS = ['red', 'green', 'blue', 'gold', 'pink', 'grey', 'teal', 'lime', 'plum', 'rose', 'ruby', 'navy'];
const KEYS_SHOWN = 4;

/** The first word that each node has, and others up to four. */
export function demoKeys(topology: Topology): string[] {
  const owner = (key: string) => topology.nodeFor(Buffer.from(key), 0, key.length);
  const chosen = new Set(WORDS.filter((key, index) => WORDS.findIndex((other) => owner(other) === owner(key)) === index));
  for (const word of WORDS) if (chosen.size < KEYS_SHOWN) chosen.add(word);
  return WORDS.filter((word) => chosen.has(word));
}

export function welcome({ endpoint, admin, nodes, file, name, topology }: DemoFacts): string {
  const cli = `redis-cli ${redisCliTarget(endpoint)}`;
  const main = quote(fileURLToPath(new URL('../main.js', import.meta.url)));
  const fetchMetrics = quote(`fetch("http://${admin}/metrics").then((r) => r.text()).then(console.log)`);
  const { placement } = topology.source.strategy;
  const keys = demoKeys(topology);
  const shown = keys.join(' ');
  const [single, several] = PROMISES[placement];
  return `
keyfan is running: one endpoint, ${nodes.length} Redis nodes, strategy ${name}.

  endpoint  ${endpoint}
  nodes     ${nodes.map((node) => `${node.name} 127.0.0.1:${node.port}`).join(', ')}
  metrics   http://${admin}/metrics
  config    ${file}

Three things to try in another terminal:

  1. ${single}
     ${cli} set greeting hello && ${cli} get greeting

  2. ${several}
     ${cli} mset ${keys.map((key, index) => `${key} ${index + 1}`).join(' ')} && ${cli} mget ${shown}
     node ${main} route -c ${quote(file)} --explain ${shown}

  3. See what keyfan counted:
     node -e ${fetchMetrics} | grep -E 'keyfan_(requests_total|backend_up)'

Ctrl-C stops keyfan and the nodes, and keeps the data.
`;
}

function redisCliTarget(endpoint: string): string {
  if (endpoint.startsWith('unix:')) return `-s ${quote(endpoint.slice('unix:'.length))}`;
  const colon = endpoint.lastIndexOf(':');
  const host = endpoint.slice(0, colon).replace(/[[\]]/g, '');
  return `${host === '127.0.0.1' ? '' : `-h ${host} `}-p ${endpoint.slice(colon + 1)}`;
}

/** As one word of a shell command. */
function quote(word: string): string {
  return /^[\w./:-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
