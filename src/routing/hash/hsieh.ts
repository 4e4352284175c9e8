/** Hsieh's SuperFastHash, initial value 0. Of all bytes only the third of a tail of three is signed. */
export function hsieh(buf: Uint8Array, start: number, end: number): number {
  let hash = 0;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    hash = (hash + word16(buf, i)) | 0;
    hash = (hash << 16) ^ (word16(buf, i + 2) << 11) ^ hash;
    hash = (hash + (hash >>> 11)) | 0;
  }
  switch (end - i) {
    case 3:
      hash = (hash + word16(buf, i)) | 0;
      hash ^= hash << 16;
      hash ^= (((buf[i + 2] as number) << 24) >> 24) << 18;
      hash = (hash + (hash >>> 11)) | 0;
      break;
    case 2:
      hash = (hash + word16(buf, i)) | 0;
      hash ^= hash << 11;
      hash = (hash + (hash >>> 17)) | 0;
      break;
    case 1:
      hash = (hash + (buf[i] as number)) | 0;
      hash ^= hash << 10;
      hash = (hash + (hash >>> 1)) | 0;
  }
  hash ^= hash << 3;
  hash = (hash + (hash >>> 5)) | 0;
  hash ^= hash << 4;
  hash = (hash + (hash >>> 17)) | 0;
  hash ^= hash << 25;
  return (hash + (hash >>> 6)) >>> 0;
}

function word16(buf: Uint8Array, i: number): number {
  return (buf[i] as number) | ((buf[i + 1] as number) << 8);
}
