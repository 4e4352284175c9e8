/** The bytes RESP is made of (https://redis.io/docs/latest/develop/reference/protocol-spec/). */
export const CR = 0x0d;
export const LF = 0x0a;
export const ZERO = 0x30;
export const NINE = 0x39;
export const MINUS = 0x2d;
export const PLUS = 0x2b;
export const STAR = 0x2a;
export const DOLLAR = 0x24;
export const COLON = 0x3a;
export const UNDERSCORE = 0x5f;
export const EQUALS = 0x3d;
export const PERCENT = 0x25;
export const BAR = 0x7c;

/** What a scanner says: a whole frame, not enough bytes yet, or bytes that can never become a frame. */
export const Scan = { MORE: 0, FRAME: 1, ERROR: 2 } as const;
export type Scan = (typeof Scan)[keyof typeof Scan];
