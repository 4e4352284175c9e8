import { encode } from '../../../test/support/resp.ts';
import { type Arg, connectResp } from '../../../test/support/resp-client.ts';
import { type Job, tell } from './job.ts';

export interface MixedArgs {
  readonly port: number;
}

/** Requests answered, of each sort. */
export type Mixed = Record<Sort, number>;

const MIB_VALUE = 'm'.repeat(2 ** 20);
const MGET_KEYS = 1000;
const LIST_LENGTH = 600;
const PIPELINE = 16;
const WAIT_MS = 20_000;

type Sort = 'small' | 'mget' | 'mebibyte' | 'lrange' | 'connect';

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}:${i}`);
const pairs = names('mget', MGET_KEYS).flatMap((key) => [key, `value of ${key}`]);

/** What is sent once before. */
export const MIXED_FILL: readonly (readonly Arg[])[] = [
  ['MSET', ...pairs],
  ['RPUSH', 'list', ...names('element', LIST_LENGTH)],
];

const small = names('small', PIPELINE).map((key, i): readonly Arg[] => (i % 2 === 0 ? ['SET', key, 'x'.repeat(64)] : ['GET', key]));

/** One burst of each sort, and how many clients send it again and again. */
const BURSTS: readonly { readonly sort: Sort; readonly clients: number; readonly requests: readonly (readonly Arg[])[] }[] = [
  { sort: 'small', clients: 8, requests: small },
  { sort: 'mget', clients: 2, requests: [['MGET', ...names('mget', MGET_KEYS)]] },
  {
    sort: 'mebibyte',
    clients: 2,
    requests: [
      ['SET', 'mebibyte', MIB_VALUE],
      ['GET', 'mebibyte'],
    ],
  },
  { sort: 'lrange', clients: 2, requests: [['LRANGE', 'list', 0, -1]] },
];

/** A bit of everything at once, as fast as it is answered; error replies are not counted but end it. */
export function mixedLoad({ port }: MixedArgs): Job<Mixed> {
  const counts: Mixed = { small: 0, mget: 0, mebibyte: 0, lrange: 0, connect: 0 };
  let stopped = false;
  const repeat = async (sort: Sort, requests: readonly (readonly Arg[])[]): Promise<void> => {
    const bytes = Buffer.concat(requests.map(encode));
    while (!stopped) {
      const client = await connectResp(port, { deadlineMs: WAIT_MS });
      // RespClient keeps all it ever received: a new one now and then.
      for (let i = 0; i < 50 && !stopped; i++) {
        client.send(bytes);
        const replies = await client.read(requests.length);
        const failed = replies.find((reply) => reply.raw[0] === 0x2d);
        if (failed !== undefined) throw new Error(`${sort}: ${failed.text}`);
        counts[sort] += requests.length;
      }
      await client.close();
    }
  };
  const comeAndGo = async (): Promise<void> => {
    while (!stopped) {
      const client = await connectResp(port, { deadlineMs: WAIT_MS });
      await client.command('PING');
      await client.close();
      counts.connect++;
    }
  };
  const work = BURSTS.flatMap(({ sort, clients, requests }) => Array.from({ length: clients }, () => repeat(sort, requests)));
  tell('started');
  return {
    result: Promise.all([...work, comeAndGo()]).then(() => counts),
    stop() {
      stopped = true;
    },
  };
}
