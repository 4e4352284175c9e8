import { crc16Xmodem } from './crc.ts';

/** Number of hash slots of a Redis Cluster. */
export const SLOTS = 16_384;

/** The Redis Cluster slot of bytes whose hash tag has been taken already: CRC16 mod 16384. */
export function slotOf(buf: Uint8Array, start: number, end: number): number {
  return crc16Xmodem(buf, start, end) & (SLOTS - 1);
}
