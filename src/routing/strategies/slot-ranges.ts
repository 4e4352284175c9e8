import { SLOTS } from '../hash/slot.ts';

/** An inclusive range of slots. */
export interface SlotRange {
  readonly first: number;
  readonly last: number;
}

/** Reads `0-5460,6000`. Throws with the node's name in the message. */
export function parseRanges(text: string, nodeName: string): SlotRange[] {
  return text.split(',').map((part) => {
    const match = /^\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?$/.exec(part);
    if (match === null) throw new Error(`slots of ${nodeName}: cannot read "${part}"; write ranges like 0-5460,6000`);
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last >= SLOTS) throw new Error(`slots of ${nodeName}: ${last} is out of range, the last slot is ${SLOTS - 1}`);
    if (first > last) throw new Error(`slots of ${nodeName}: the range ${first}-${last} runs backwards`);
    return { first, last };
  });
}

/** Ascending slots written as ranges. */
export function formatRanges(slots: readonly number[]): string {
  const ranges: string[] = [];
  for (let i = 0; i < slots.length; ) {
    const first = slots[i] as number;
    let last = first;
    while (slots[++i] === last + 1) last++;
    ranges.push(first === last ? `${first}` : `${first}-${last}`);
  }
  return ranges.join(',');
}
