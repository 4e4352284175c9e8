/**
 * MD5 (RFC 1321) of a byte range without allocating: a key's hash must not cost a digest object. Not for security.
 *
 *   state  four words a, b, c, d; little-endian they are the digest's four quarters
 *   block  the 64 bytes under work as sixteen little-endian words
 *
 * Both live for the duration of one call only; JavaScript is single-threaded, so one of each is enough.
 */
const state = new Int32Array(4);
const block = new Int32Array(16);

/** floor(2^32 * |sin(i + 1)|), as the RFC defines its table T. */
const T = Int32Array.from({ length: 64 }, (_, i) => Math.floor(2 ** 32 * Math.abs(Math.sin(i + 1))) | 0);

/** The digest's first four bytes, little-endian: nutcracker's `md5` and libketama's key hash. */
export function md5(buf: Uint8Array, start: number, end: number): number {
  digest(buf, start, end);
  return (state[0] as number) >>> 0;
}

/** The digest's four quarters, each little-endian, into `out[at, at + 4)`: four points of a ketama ring. */
export function md5Quarters(buf: Uint8Array, start: number, end: number, out: Uint32Array, at: number): void {
  digest(buf, start, end);
  out.set(state, at);
}

function digest(buf: Uint8Array, start: number, end: number): void {
  state[0] = 0x67452301;
  state[1] = 0xefcdab89;
  state[2] = 0x98badcfe;
  state[3] = 0x10325476;
  let i = start;
  for (; i + 64 <= end; i += 64) {
    for (let word = 0, at = i; word < 16; word++, at += 4) {
      block[word] =
        (buf[at] as number) | ((buf[at + 1] as number) << 8) | ((buf[at + 2] as number) << 16) | ((buf[at + 3] as number) << 24);
    }
    mixBlock();
  }
  // Padding: one bit 1, zeros, and the length in bits as the last eight bytes of a block.
  const rest = end - i;
  block.fill(0);
  for (let at = 0; at < rest; at++) putByte(at, buf[i + at] as number);
  putByte(rest, 0x80);
  if (rest >= 56) {
    mixBlock();
    block.fill(0);
  }
  block[14] = (end - start) << 3;
  block[15] = (end - start) >>> 29;
  mixBlock();
}

/** Byte `at` of a block whose bytes from there on are still zero. */
function putByte(at: number, byte: number): void {
  block[at >>> 2] = (block[at >>> 2] as number) | (byte << ((at & 3) << 3));
}

/** The four rounds of sixteen steps, each a function small enough for the compiler to take the steps into. */
function mixBlock(): void {
  const a = state[0] as number;
  const b = state[1] as number;
  const c = state[2] as number;
  const d = state[3] as number;
  round1();
  round2();
  round3();
  round4();
  state[0] = (state[0] as number) + a;
  state[1] = (state[1] as number) + b;
  state[2] = (state[2] as number) + c;
  state[3] = (state[3] as number) + d;
}

function round1(): void {
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  for (let i = 0; i < 16; i += 4) {
    a = step(a, b, (b & c) | (~b & d), i, i, 7);
    d = step(d, a, (a & b) | (~a & c), i + 1, i + 1, 12);
    c = step(c, d, (d & a) | (~d & b), i + 2, i + 2, 17);
    b = step(b, c, (c & d) | (~c & a), i + 3, i + 3, 22);
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = d;
}

function round2(): void {
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  for (let i = 16; i < 32; i += 4) {
    a = step(a, b, (d & b) | (~d & c), i, 5 * i + 1, 5);
    d = step(d, a, (c & a) | (~c & b), i + 1, 5 * i + 6, 9);
    c = step(c, d, (b & d) | (~b & a), i + 2, 5 * i + 11, 14);
    b = step(b, c, (a & c) | (~a & d), i + 3, 5 * i + 16, 20);
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = d;
}

function round3(): void {
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  for (let i = 32; i < 48; i += 4) {
    a = step(a, b, b ^ c ^ d, i, 3 * i + 5, 4);
    d = step(d, a, a ^ b ^ c, i + 1, 3 * i + 8, 11);
    c = step(c, d, d ^ a ^ b, i + 2, 3 * i + 11, 16);
    b = step(b, c, c ^ d ^ a, i + 3, 3 * i + 14, 23);
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = d;
}

function round4(): void {
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  for (let i = 48; i < 64; i += 4) {
    a = step(a, b, c ^ (b | ~d), i, 7 * i, 6);
    d = step(d, a, b ^ (a | ~c), i + 1, 7 * i + 7, 10);
    c = step(c, d, a ^ (d | ~b), i + 2, 7 * i + 14, 15);
    b = step(b, c, d ^ (c | ~a), i + 3, 7 * i + 21, 21);
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = d;
}

/** One of the 64 steps: `x` is the word it gives a new value, `f` the round's function of the other three. */
function step(x: number, next: number, f: number, i: number, wordIndex: number, bits: number): number {
  const sum = (x + f + (T[i] as number) + (block[wordIndex & 15] as number)) | 0;
  return (((sum << bits) | (sum >>> (32 - bits))) + next) | 0;
}
