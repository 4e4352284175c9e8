/** Tables of the two polynomials: 0x1021 most significant bit first, 0xedb88320 (reflected) least significant bit first. */
const CRC16_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc & 0xffff;
});

const CRC32_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc | 0;
});

/** CRC-16/XMODEM, the one Redis Cluster takes: initial value 0, sixteen bits. */
export function crc16Xmodem(buf: Uint8Array, start: number, end: number): number {
  let crc = 0;
  for (let i = start; i < end; i++) {
    crc = ((crc << 8) & 0xffff) ^ (CRC16_TABLE[(crc >>> 8) ^ (buf[i] as number)] as number);
  }
  return crc;
}

/** nutcracker's `crc16`: the same table, but its 32-bit register is never masked, so older bits stay in the upper half. */
export function crc16(buf: Uint8Array, start: number, end: number): number {
  let crc = 0;
  for (let i = start; i < end; i++) {
    crc = (crc << 8) ^ (CRC16_TABLE[((crc >>> 8) ^ (buf[i] as number)) & 0xff] as number);
  }
  return crc >>> 0;
}

/** nutcracker's `crc32a`: the standard CRC-32. */
export function crc32a(buf: Uint8Array, start: number, end: number): number {
  let crc = -1;
  for (let i = start; i < end; i++) {
    crc = (crc >>> 8) ^ (CRC32_TABLE[(crc ^ (buf[i] as number)) & 0xff] as number);
  }
  return ~crc >>> 0;
}

/** nutcracker's `crc32`: fifteen bits of the standard CRC-32. On a ring nearly every key lands on one server. */
export function crc32(buf: Uint8Array, start: number, end: number): number {
  return (crc32a(buf, start, end) >>> 16) & 0x7fff;
}
