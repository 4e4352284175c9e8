import { elementsOf, payloadOf } from '../../protocol/element.ts';
import { bulkReply, integerReply, nullReply, type Protocol } from '../../protocol/encode.ts';

/** What can be subscribed to. */
export type Kind = 'channel' | 'pattern' | 'shard';

/** Words by kind. */
export const WORDS: Readonly<Record<Kind, { readonly subscribe: string; readonly unsubscribe: string }>> = {
  channel: { subscribe: 'subscribe', unsubscribe: 'unsubscribe' },
  pattern: { subscribe: 'psubscribe', unsubscribe: 'punsubscribe' },
  shard: { subscribe: 'ssubscribe', unsubscribe: 'sunsubscribe' },
};

const KIND_OF_MESSAGE: ReadonlyMap<string, Kind> = new Map([
  ['message', 'channel'],
  ['pmessage', 'pattern'],
  ['smessage', 'shard'],
]);

/** One confirmation, as Redis gives it: a push in RESP3, an array in RESP2. `name` is null where there was nothing to unsubscribe from. */
export function confirmation(word: string, name: Buffer | null, count: number, protocol: Protocol): Buffer {
  const header = Buffer.from(protocol === 3 ? '>3\r\n' : '*3\r\n');
  return Buffer.concat([header, bulkReply(word), name === null ? nullReply(protocol) : bulkReply(name), integerReply(count)]);
}

/** Which subscription a push of RESP3 is for; null where it is no message. */
export function subscriptionOf(push: Buffer): { readonly kind: Kind; readonly name: string } | null {
  const [word, name] = elementsOf(push) ?? [];
  if (word === undefined || name === undefined) return null;
  const kind = KIND_OF_MESSAGE.get(payloadOf(word).toString('latin1'));
  return kind === undefined ? null : { kind, name: payloadOf(name).toString('latin1') };
}
