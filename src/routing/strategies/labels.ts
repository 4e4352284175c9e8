import type { RingNode } from '../strategy.ts';

/** Indexes of `nodes` in nutcracker's order: by label, shorter first, then bytewise. As there, two equal labels are an error. */
export function labelOrder(nodes: readonly RingNode[]): number[] {
  const labels = nodes.map((node) => Buffer.from(node.label));
  const order = labels.map((_, i) => i);
  order.sort((a, b) => {
    const left = labels[a] as Buffer;
    const right = labels[b] as Buffer;
    const difference = left.length - right.length || left.compare(right);
    if (difference === 0 && a !== b) throw new Error(`two nodes have the label "${left}": give each a name of its own`);
    return difference;
  });
  return order;
}
