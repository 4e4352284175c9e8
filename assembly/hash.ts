import { CRC16 } from './layout';

const POLYNOMIAL: u32 = 0x1021;
for (let byte: u32 = 0; byte < 256; byte++) {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) !== 0 ? (crc << 1) ^ POLYNOMIAL : crc << 1;
  store<u16>(CRC16 + byte * 2, crc);
}

/** Which function, by its number in src/kernel/kernel.ts. */
function hash(which: u32, start: u32, end: u32): u32 {
  if (which === 0) return murmur(start, end);
  return which === 1 ? fnv1a64(start, end) : slot(start, end);
}

/** As src/routing/hash/murmur.ts. */
function murmur(at: u32, end: u32): u32 {
  const M: u32 = 0x5bd1e995;
  const size = end - at;
  let value: u32 = (0xdeadbeef * size) ^ size;
  for (; at + 4 <= end; at += 4) {
    const k = load<u32>(at) * M;
    value = (value * M) ^ ((k ^ (k >>> 24)) * M);
  }
  if (at < end) {
    if (at + 2 < end) value ^= (<u32>load<u8>(at + 2)) << 16;
    if (at + 1 < end) value ^= (<u32>load<u8>(at + 1)) << 8;
    value = (value ^ <u32>load<u8>(at)) * M;
  }
  value = (value ^ (value >>> 13)) * M;
  return value ^ (value >>> 15);
}

/** As src/routing/hash/fnv.ts. */
function fnv1a64(at: u32, end: u32): u32 {
  let value: u32 = 0x84222325;
  for (; at < end; at++) value = (value ^ <u32>load<i8>(at)) * 0x1b3;
  return value;
}

/** As src/routing/hash/slot.ts. */
function slot(at: u32, end: u32): u32 {
  let crc: u32 = 0;
  for (; at < end; at++) crc = ((crc << 8) ^ load<u16>(CRC16 + (((crc >> 8) ^ load<u8>(at)) & 0xff) * 2)) & 0xffff;
  return crc & 0x3fff;
}

/** The lowest bit of each byte, and the highest. */
const LOW: u64 = ((<u64>0x01010101) << 32) | 0x01010101;
const HIGH: u64 = LOW << 7;

/** Offset of the first `byte` in `[at, end)`, any offset from `end` on where there is none; eight bytes at a time. */
function find(byte: u32, at: u32, end: u32): u32 {
  const wanted = <u64>byte * LOW;
  for (; at < end; at += 8) {
    const differs = load<u64>(at) ^ wanted;
    // The lowest set bit marks the first match; bits above it may be false (borrow).
    const zeros = (differs - LOW) & ~differs & HIGH;
    if (zeros !== 0) return at + <u32>(ctz(zeros) >>> 3);
  }
  return end;
}

/** A key, or of one with a hash tag what is between `open` and `close`; as src/routing/hash/tag.ts. */
export function hashKey(which: u32, open: i32, close: u32, start: u32, end: u32): u32 {
  if (open >= 0) {
    const from = find(open, start, end) + 1;
    if (from < end) {
      const to = find(close, from, end);
      if (to < end && to > from) return hash(which, from, to);
    }
  }
  return start === end ? 0 : hash(which, start, end);
}
