/** Offset behind the multibulk or inline request at the start of `buf`, -1 while it is incomplete. Throws on a malformed one. */
export function requestEnd(buf: Buffer): number {
  const lineEnd = buf.indexOf('\n');
  if (lineEnd < 0) return -1;
  if (buf[0] !== 0x2a) return lineEnd + 1;
  let at = lineEnd + 1;
  for (let left = numberIn(buf, 1, lineEnd); left > 0; left--) {
    const end = buf.indexOf('\r\n', at, 'latin1');
    if (end < 0) return -1;
    if (buf[at] !== 0x24) throw new Error(`expected '$' in a request, got ${JSON.stringify(buf.toString('latin1', at, at + 20))}`);
    at = end + 2 + numberIn(buf, at + 1, end) + 2;
    if (at > buf.length) return -1;
  }
  return at;
}

/** The arguments of one complete request, a character a byte. */
export function requestWords(raw: Buffer): string[] {
  if (raw[0] !== 0x2a) return raw.toString('latin1').trim().split(/\s+/);
  const words: string[] = [];
  let at = raw.indexOf('\n') + 1;
  while (at < raw.length) {
    const end = raw.indexOf('\r\n', at, 'latin1');
    const start = end + 2;
    const stop = start + numberIn(raw, at + 1, end);
    words.push(raw.toString('latin1', start, stop));
    at = stop + 2;
  }
  return words;
}

function numberIn(buf: Buffer, start: number, end: number): number {
  const text = buf.toString('latin1', start, end).trim();
  if (!/^-?\d+$/.test(text)) throw new Error(`bad length in a request: ${JSON.stringify(text)}`);
  return Number(text);
}
