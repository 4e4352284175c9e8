import t from 'tap';
import { SILENT } from '../../../src/observe/log.ts';
import { Ejector } from '../../../src/pool/ejector.ts';
import { ring } from '../../../src/routing/strategies/ring.ts';
import { Topology } from '../../../src/routing/topology.ts';
import type { Backend } from '../../../src/upstream/backend.ts';
import { clock } from '../../../src/util/clock.ts';

/** An ejector over three backends that count their probes. */
function setUp(options: { enabled?: boolean; failuresMax?: number; retryMs?: number } = {}) {
  const probes = [0, 0, 0];
  const backends = probes.map((_, i) => ({
    node: `n${i}`,
    counters: { delivered: 0 },
    probe: () => probes.splice(i, 1, (probes[i] as number) + 1),
  }));
  const nodes = probes.map((_, i) => ({ name: `n${i}`, label: `n${i}`, weight: 1 }));
  const topology = new Topology({ strategy: ring, options: ring.options.parse({}), nodes });
  const lives: string[] = [];
  const swap = (next: Topology): void => void lives.push(`${next.version}:${[...next.live].join('')}`);
  const given = { enabled: true, failuresMax: 2, retryMs: 1000, ...options };
  const ejector = new Ejector(given, topology, backends as unknown as Backend[], swap, SILENT);
  const backend = (i: number): Backend => backends[i] as unknown as Backend;
  return { ejector, backend, probes, lives, backends };
}

t.test('ejects at the given number of failures in a row; a reply in between begins a new row', async (t) => {
  const { ejector, backend, backends, lives } = setUp({ failuresMax: 3 });
  ejector.onTrouble(backend(1));
  ejector.onTrouble(backend(1));
  (backends[1] as (typeof backends)[number]).counters.delivered++;
  ejector.onTrouble(backend(1));
  ejector.onTrouble(backend(1));
  t.same(lives, []);
  ejector.onTrouble(backend(0));
  t.same(lives, [], 'each node has its own row');
  ejector.onTrouble(backend(1));
  t.same(lives, ['2:101']);
  ejector.onTrouble(backend(1));
  t.same(lives, ['2:101'], 'once');
});

t.test('readmits only behind its time and a PONG', async (t) => {
  const { ejector, backend, probes, lives } = setUp({ failuresMax: 1 });
  clock.now = 5000;
  ejector.onTrouble(backend(2));
  t.same(lives, ['2:110']);
  clock.now = 5999;
  ejector.onServing(backend(2));
  ejector.tick();
  t.same([lives.length, probes], [1, [0, 0, 0]], 'too early, PONG or not');
  clock.now = 6000;
  ejector.tick();
  t.same([lives.length, probes], [1, [0, 0, 1]], 'probed, not readmitted');
  ejector.onServing(backend(2));
  t.same(lives, ['2:110', '3:111']);
  ejector.tick();
  t.same(probes, [0, 0, 1]);
  ejector.onTrouble(backend(2));
  t.same(lives, ['2:110', '3:111', '4:110'], 'and again');
});

t.test('several nodes, down to none', async (t) => {
  const { ejector, backend, lives } = setUp({ failuresMax: 1, retryMs: 0 });
  for (const i of [0, 2, 1]) ejector.onTrouble(backend(i));
  ejector.onServing(backend(2));
  t.same(lives, ['2:011', '3:010', '4:000', '5:001']);
});

t.test('not enabled: nothing ever moves', async (t) => {
  const { ejector, backend, probes, lives } = setUp({ enabled: false, failuresMax: 1, retryMs: 0 });
  for (let i = 0; i < 10; i++) ejector.onTrouble(backend(0));
  ejector.tick();
  ejector.onServing(backend(0));
  t.same([lives, probes], [[], [0, 0, 0]]);
});
