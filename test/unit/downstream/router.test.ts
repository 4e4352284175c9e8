import t from 'tap';
import { Router } from '../../../src/downstream/router.ts';
import { modulo } from '../../../src/routing/strategies/modulo.ts';
import type { Strategy } from '../../../src/routing/strategy.ts';
import { Topology } from '../../../src/routing/topology.ts';
import { ringNodes } from '../routing/helpers.ts';

t.test('the kernel routes by key only where keys have nodes', async (t) => {
  for (const placement of ['keyed', 'any'] as const) {
    const strategy = { ...modulo, placement } as Strategy;
    const topology = new Topology({ strategy, options: strategy.options.parse({}), nodes: ringNodes('a', 'b') });
    t.equal(new Router(topology, []).kernelRouting !== null, placement === 'keyed', placement);
  }
});
