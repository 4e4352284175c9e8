/** A request in canonical multibulk form. Cold paths only: the hot path forwards bytes as they came. */
export function encodeRequest(parts: readonly (Buffer | string)[]): Buffer {
  const pieces: Buffer[] = [Buffer.from(`*${parts.length}\r\n`)];
  const crlf = Buffer.from('\r\n');
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    pieces.push(Buffer.from(`$${bytes.length}\r\n`), bytes, crlf);
  }
  return Buffer.concat(pieces);
}

/** Asks a node for nothing but an answer. */
export const PING = encodeRequest(['PING']);
/** As PING, which would use up a CLIENT CACHING of the connection. */
export const CLIENT_ID = encodeRequest(['CLIENT', 'ID']);
