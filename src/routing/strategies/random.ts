import { z } from 'zod';
import type { Locator, Strategy } from '../strategy.ts';

const options = z.strictObject({
  writes: z
    .enum(['one', 'all'])
    .default('one')
    .describe('one: a write goes to one node, as a read does. all: writes go to every node, so that each holds a full copy.'),
});

export type RandomOptions = z.infer<typeof options>;

/** Everything is one partition that every node serves: who gets a request is drawn per request, see `Topology.pickAny`. */
const LOCATOR: Locator = {
  partitions: 1,
  owners: new Uint16Array(1),
  locate: () => 0,
  explain: () => ['any healthy node: the less loaded of two drawn'],
};

/** For pure caches: any healthy node may serve any key. Weights do not matter. */
export const random: Strategy<RandomOptions> = {
  type: 'random',
  placement: 'any',
  ejectable: true,
  options,
  build: () => LOCATOR,
};
