/** Jenkins' lookup3 (`hashlittle`) with initial value 13: a, b and c start as 0xdeadbeef + length + 13; c is the hash. */
export function jenkins(buf: Uint8Array, start: number, end: number): number {
  let a = (0xdeadbeef + (end - start) + 13) | 0;
  let b = a;
  let c = a;
  let i = start;
  for (; end - i > 12; i += 12) {
    a = (a + word32(buf, i)) | 0;
    b = (b + word32(buf, i + 4)) | 0;
    c = (c + word32(buf, i + 8)) | 0;
    a = ((a - c) | 0) ^ rotate(c, 4);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 6);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 8);
    b = (b + a) | 0;
    a = ((a - c) | 0) ^ rotate(c, 16);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 19);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 4);
    b = (b + a) | 0;
  }
  if (i === end) return c >>> 0;
  a = (a + tail32(buf, i, end)) | 0;
  b = (b + tail32(buf, i + 4, end)) | 0;
  c = (c + tail32(buf, i + 8, end)) | 0;
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  return ((c ^ b) - rotate(b, 24)) >>> 0;
}

function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

function word32(buf: Uint8Array, i: number): number {
  return (buf[i] as number) | ((buf[i + 1] as number) << 8) | ((buf[i + 2] as number) << 16) | ((buf[i + 3] as number) << 24);
}

/** The little-endian word at `i` of which the bytes from `end` on count as zero. */
function tail32(buf: Uint8Array, i: number, end: number): number {
  if (i + 4 <= end) return word32(buf, i);
  let word = 0;
  for (let at = i, shift = 0; at < end; at++, shift += 8) word |= (buf[at] as number) << shift;
  return word;
}
