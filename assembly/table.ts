/**
 * Who owns which hash, as src/kernel/tables.ts puts it down:
 *
 *   size     u32   partitions
 *   shift    u32   of a ring; 0 where the partition is hash % size
 *   starts   u32   offsets of the tables, see src/routing/strategies/continuum.ts
 *   points   u32
 *   owners   u32   16 bits for each partition
 */
export function ownerOf(table: u32, hash: u32): u32 {
  const size = load<u32>(table);
  const shift = load<u32>(table + 4);
  let partition: u32;
  if (shift === 0) {
    partition = hash % size;
  } else {
    let point = load<u32>(table + 12) + (load<u32>(load<u32>(table + 8) + ((hash >>> shift) << 2)) << 2);
    while (load<u32>(point) < hash) point += 4;
    partition = (point - load<u32>(table + 12)) >>> 2;
    if (partition === size) partition = 0;
  }
  return load<u16>(load<u32>(table + 16) + (partition << 1));
}
