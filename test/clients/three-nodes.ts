import { commandCalls, type Fleet, startFleet } from '../support/fleet.ts';

/** Does the work before three nodes. Fails where one of them had no part in it or a reply was left over. */
export async function withThreeNodes<Result>(strategy: 'ring' | 'slots', work: (fleet: Fleet) => Promise<Result>): Promise<Result> {
  const fleet = await startFleet({ strategy });
  try {
    const result = await work(fleet);
    await fleet.conserved();
    for (const [index, node] of fleet.nodes.entries())
      if (((await commandCalls(node)).evalsha ?? 0) === 0) throw new Error(`node ${index} ran no script`);
    return result;
  } finally {
    await fleet.stop();
  }
}
