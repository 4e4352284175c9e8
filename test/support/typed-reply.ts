/**
 * A RESP2 reply with its types kept, as nested text that can be compared: redis-parser gives a simple and a bulk string the
 * same value, and Redis gives sets and hash tables in any order.
 *
 *   *3 │ $3 get │ :2 │ *2 +readonly +fast      →   ['$get', ':2', ['+fast', '+readonly']]
 */
export type Typed = string | Typed[];

/** Arrays of simple strings are sets in COMMAND's replies: they are sorted. */
export function typedReply(raw: Buffer): Typed {
  const { value, next } = parse(raw, 0);
  if (next !== raw.length) throw new Error(`${raw.length - next} bytes behind the reply`);
  return value;
}

function parse(raw: Buffer, at: number): { value: Typed; next: number } {
  const eol = raw.indexOf('\r\n', at);
  const line = raw.toString('latin1', at, eol);
  const next = eol + 2;
  const length = Number(line.slice(1));
  if (line[0] === '$' && length >= 0) return { value: `$${raw.toString('latin1', next, next + length)}`, next: next + length + 2 };
  if (line[0] !== '*') return { value: line, next };
  return parseArray(raw, next, length);
}

function parseArray(raw: Buffer, from: number, length: number): { value: Typed; next: number } {
  const items: Typed[] = [];
  let next = from;
  for (let i = 0; i < length; i++) {
    const item = parse(raw, next);
    items.push(item.value);
    next = item.next;
  }
  const isSet = items.every((item) => typeof item === 'string' && item.startsWith('+'));
  return { value: isSet ? items.sort() : items, next };
}
