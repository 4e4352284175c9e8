import fc from 'fast-check';
import { connectResp } from '../support/resp-client.ts';
import { cuts, multibulk, oddCommands, offsetsOf } from './arbitraries.ts';
import { cut, latin1 } from './drive.ts';

/** Sent behind odd bytes: whether and how it is answered tells what became of them. */
export const SENTINEL = multibulk(['ECHO', 'sentinel']);

/**
 * Sends `bytes`, half-closes, and resolves with every byte the server sent until it closed. The half-close makes it an answer,
 * not a wait: a server that owes no reply closes too. With `cuts` the bytes go out in several writes.
 */
export async function exchange(port: number, bytes: string, cuts: readonly number[] = []): Promise<string> {
  const client = await connectResp(port, { deadlineMs: 20_000 });
  for (const chunk of cut(latin1(bytes), cuts)) {
    client.send(chunk);
    if (cuts.length > 0) await new Promise((resolve) => setImmediate(resolve));
  }
  client.end();
  return (await client.waitClosed()).toString('latin1');
}

/** What a server says to `bytes`: its replies, and its replies where a request follows that it may no longer hear. */
export async function verdictOf(port: number, bytes: string, cuts: readonly number[] = []): Promise<{ replies: string; followed: string }> {
  const replies = await exchange(port, bytes, cuts);
  const followed = await exchange(port, bytes + SENTINEL, cuts);
  return { replies, followed };
}

export interface Differential {
  readonly redis: number;
  /** Ports that must answer as Redis does. */
  readonly keyfan: readonly number[];
  /** Sent before each input. */
  readonly prefix: string;
  /** Empties all data of all servers. */
  forget(): Promise<void>;
}

/** Whatever is sent, in whatever pieces, keyfan says what a Redis with the same data says, and closes where it closes. */
export function answersAsRedis({ redis, keyfan, prefix, forget }: Differential): fc.IAsyncProperty<[string, number[]]> {
  return fc.asyncProperty(oddCommands, cuts, async (bytes, parts) => {
    const offsets = offsetsOf(parts, bytes.length).map((offset) => prefix.length + offset);
    const expected = JSON.stringify(await verdictOf(redis, prefix + bytes));
    for (const port of keyfan) {
      const verdict = JSON.stringify(await verdictOf(port, prefix + bytes, offsets));
      if (verdict === expected) continue;
      // Smaller inputs are tried next, on equal terms.
      await forget();
      throw new Error(`${verdict} instead of ${expected}`);
    }
  });
}
