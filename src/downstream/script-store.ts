import { createHash } from 'node:crypto';

/** Bytes of scripts that are remembered; the oldest are forgotten first. */
const BYTES_MAX = 16 * 1024 * 1024;
const SHA_LENGTH = 40;
/** Most scripts noted for one node; beyond, its notes begin anew. */
const TOLD_MAX = 65_536;

/** The scripts that clients have shown keyfan, so that a node which lacks one can be given it. One for a pool. */
export class ScriptStore {
  /** By SHA1 in lower-case hex, in the order of their use. */
  readonly #bodies = new Map<string, Buffer>();
  /** By node: what was sent there since it was last connected to. */
  readonly #sent = new Map<string, { since: number; readonly shas: Set<string> }>();
  #bytes = 0;

  /** Remembers a copy of the script; returns its SHA1. */
  remember(body: Buffer): string {
    const sha = createHash('sha1').update(body).digest('hex');
    const known = this.#bodies.get(sha);
    if (known === undefined) {
      if (body.length > BYTES_MAX) return sha;
      this.#bytes += body.length;
    }
    this.#bodies.delete(sha);
    this.#bodies.set(sha, known ?? Buffer.from(body));
    for (const [oldest, { length }] of this.#bodies) {
      if (this.#bytes <= BYTES_MAX) break;
      this.#bodies.delete(oldest);
      this.#bytes -= length;
    }
    return sha;
  }

  /** The script of that SHA1 (any case), if it is remembered. */
  body(sha: string): Buffer | undefined {
    return sha.length === SHA_LENGTH ? this.#bodies.get(sha.toLowerCase()) : undefined;
  }

  /** Notes that a node is about to have a script; false where it had been told before, since connection number `since` to it. */
  tell(node: string, since: number, sha: string): boolean {
    let sent = this.#sent.get(node);
    if (sent === undefined || sent.since !== since || sent.shas.size >= TOLD_MAX) {
      sent = { since, shas: new Set() };
      this.#sent.set(node, sent);
    }
    const key = sha.toLowerCase();
    if (sent.shas.has(key)) return false;
    sent.shas.add(key);
    return true;
  }

  /** All nodes were told to forget their scripts. */
  clear(): void {
    this.#bodies.clear();
    this.#sent.clear();
    this.#bytes = 0;
  }
}
