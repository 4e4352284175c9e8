import fc from 'fast-check';

/** Streams of bytes as latin1 strings: readable in a counterexample, a char is a byte. */

const byteChar = fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte));
/** Bytes that mean something to a scanner come more often than others. */
const pointedChar = fc.constantFrom(...'\r\n\0 "\'\\x$*-0123456789:%|>+#abfF_~!=(,\t\v\f\x80\xff'.split(''));

/** An argument: often empty, often with protocol bytes in it. */
export const argument: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: pointedChar, maxLength: 12 }) },
  { weight: 2, arbitrary: fc.string({ unit: byteChar, maxLength: 40 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60, max: 1100 }).map((size) => 'v'.repeat(size)) },
);

export const words: fc.Arbitrary<string[]> = fc.oneof(
  { weight: 9, arbitrary: fc.array(argument, { minLength: 1, maxLength: 6 }) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom('', 'k', 'key'), { minLength: 15, maxLength: 70 }) },
  { weight: 1, arbitrary: fc.array(argument, { minLength: 8, maxLength: 20 }) },
);

export const multibulk = (args: readonly string[], lineEnd = '\r\n'): string =>
  `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}${lineEnd}`).join('')}`;

/** A request and what it says; null where it is empty and gets no reply. */
export interface Piece {
  readonly bytes: string;
  readonly words: readonly string[] | null;
}

const quoted = (arg: string): string =>
  `"${arg.replace(/[^ -!#-[\]-~]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`;
const singleQuoted = (arg: string): string | null => (/[\r\n\0\\]/.test(arg) ? null : `'${arg.replaceAll("'", "\\'")}'`);

const inlinePiece: fc.Arbitrary<Piece> = fc
  .tuple(
    fc.array(fc.tuple(argument, fc.boolean(), fc.constantFrom(' ', '\t', '  ', ' \v')), { minLength: 1, maxLength: 4 }),
    fc.constantFrom('\n', '\r\n'),
  )
  // A request that begins with `*` is no inline one: quotes come first here.
  .map(([args, end]) => ({
    bytes: args.map(([arg, single, gap]) => ((single ? singleQuoted(arg) : null) ?? quoted(arg)) + gap).join('') + end,
    words: args.map(([arg]) => arg),
  }));

const emptyPiece: fc.Arbitrary<Piece> = fc
  .constantFrom('*0\r\n', '*-5\r\n', '*-1\r\n', '*-9223372036854775808\r\n', '*0\rX', '\r\n', '\n', ' \t \r\n', '\v\n')
  .map((bytes) => ({ bytes, words: null }));

const multibulkPiece: fc.Arbitrary<Piece> = words.map((args) => ({ bytes: multibulk(args), words: args }));

/** Redis does not look at the two bytes behind a payload. */
const loosePiece: fc.Arbitrary<Piece> = fc
  .tuple(words, fc.constantFrom('XX', '\n\r', '$1', '\0\0', '\r\r'))
  .map(([args, lineEnd]) => ({ bytes: multibulk(args, lineEnd), words: args }));

/** Well-formed requests in a row. */
export const requestStream: fc.Arbitrary<Piece[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: multibulkPiece },
    { weight: 2, arbitrary: inlinePiece },
    { weight: 1, arbitrary: emptyPiece },
    { weight: 1, arbitrary: loosePiece },
  ),
  { minLength: 1, maxLength: 8 },
);

/** A place in a stream, as a part of its length. Doubles would not do: most of those fast-check draws are next to 0. */
export const part: fc.Arbitrary<number> = fc.nat(999_999).map((n) => n / 1_000_000);

export interface Mutation {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: part,
  remove: fc.constantFrom(0, 0, 1, 1, 2, 5),
  insert: fc.oneof(
    fc.string({ unit: pointedChar, maxLength: 3 }),
    fc.constantFrom(
      '\r\n',
      '*',
      '$',
      '*0\r\n',
      '-1',
      '99999999999999999999',
      '+',
      '"',
      '%4611686018427387904\r\n',
      '$4294967296\r\n',
      '*2147483647\r\n',
    ),
  ),
});

export function mutate(text: string, mutations: readonly Mutation[]): string {
  let result = text;
  for (const { at, remove, insert } of mutations) {
    const offset = Math.floor(at * (result.length + 1));
    result = result.slice(0, offset) + insert + result.slice(offset + remove);
  }
  return result;
}

/** Mostly well-formed requests with some bytes changed. */
export const oddRequests: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(requestStream, fc.array(mutation, { minLength: 1, maxLength: 4 }))
      .map(([pieces, mutations]) => mutate(pieces.map((piece) => piece.bytes).join(''), mutations)),
  },
  { weight: 2, arbitrary: fc.string({ unit: pointedChar, maxLength: 60 }) },
);

/** Where to cut a stream, as parts of its length. */
export const cuts: fc.Arbitrary<number[]> = fc.array(part, { maxLength: 12 });

export const offsetsOf = (parts: readonly number[], length: number): number[] => parts.map((part) => Math.floor(part * length));

const line = fc.string({ unit: pointedChar, maxLength: 15 }).map((text) => text.replaceAll('\r', '').replaceAll('\n', ''));
const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

const resp2Leaf: fc.Arbitrary<string> = fc.oneof(
  line.map((text) => `+${text}\r\n`),
  line.map((text) => `-${text}\r\n`),
  integer.map((value) => `:${value}\r\n`),
  argument.map((text) => `$${text.length}\r\n${text}\r\n`),
  fc.constantFrom('$-1\r\n', '*-1\r\n', '*0\r\n', '$0\r\n\r\n'),
);

const bulk = fc.option(argument).map((text) => (text === null ? '$-1\r\n' : `$${text.length}\r\n${text}\r\n`));

/** As MGET's and LRANGE's: many bulks in a row, now and then something else among them. */
const manyBulks = (type: string): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof({ weight: 19, arbitrary: bulk }, { weight: 1, arbitrary: resp2Leaf }), { minLength: 8, maxLength: 30 })
    .map((items) => `${type}${items.length}\r\n${items.join('')}`);

export const resp2Reply: fc.Arbitrary<string> = fc.letrec<{ reply: string }>((tie) => ({
  reply: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    resp2Leaf,
    manyBulks('*'),
    fc.array(tie('reply'), { maxLength: 5 }).map((items) => `*${items.length}\r\n${items.join('')}`),
  ),
})).reply;

const resp3Leaf: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: resp2Leaf },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '_\r\n',
      '#t\r\n',
      '#f\r\n',
      ',1.5e-7\r\n',
      ',inf\r\n',
      ',nan\r\n',
      '(-349283479828347982374982374\r\n',
      '%0\r\n',
      '~0\r\n',
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom('*', '~', '>').chain(manyBulks) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('!', '='), argument).map(([type, text]) => `${type}${text.length}\r\n${text}\r\n`) },
);

/** Any RESP3 reply; every part may have attributes before it. */
export const resp3Reply: fc.Arbitrary<string> = fc.letrec<{ reply: string; plain: string }>((tie) => ({
  reply: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    tie('plain'),
    fc
      .tuple(fc.array(fc.tuple(tie('reply'), tie('reply')), { maxLength: 2 }), tie('reply'))
      .map(([pairs, reply]) => `|${pairs.length}\r\n${pairs.flat().join('')}${reply}`),
  ),
  plain: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    resp3Leaf,
    fc
      .tuple(fc.constantFrom('*', '~', '>'), fc.array(tie('reply'), { maxLength: 4 }))
      .map(([type, items]) => `${type}${items.length}\r\n${items.join('')}`),
    fc.array(fc.tuple(tie('reply'), tie('reply')), { maxLength: 3 }).map((pairs) => `%${pairs.length}\r\n${pairs.flat().join('')}`),
  ),
})).reply;

/** Well-formed replies with some bytes changed. */
export const oddReplies: fc.Arbitrary<string> = fc
  .tuple(fc.array(resp3Reply, { minLength: 1, maxLength: 4 }), fc.array(mutation, { minLength: 1, maxLength: 3 }))
  .map(([replies, mutations]) => mutate(replies.join(''), mutations));

/** A line of an inline request, quotes and escapes everywhere. */
export const inlineLine: fc.Arbitrary<string> = fc.string({
  unit: fc.oneof(fc.constantFrom(...' \t\r\n\v\f"\'\\xabnrt019afgAF'.split('')), byteChar),
  maxLength: 30,
});

/** Requests whose replies are the same whatever server they reach, once its data is the same. */
const REQUESTS: readonly (readonly string[])[] = [
  ['SET', 'a', '1'],
  ['SET', 'b', ''],
  ['GET', 'a'],
  ['INCR', 'a'],
  ['APPEND', 'b', 'x\r\n\0'],
  ['STRLEN', 'b'],
  ['DEL', 'a', 'b', 'c', 'a'],
  ['EXISTS', 'a', 'b', 'c', 'a'],
  ['MGET', 'a', 'b', 'c', 'a'],
  ['MSET', 'a', '5', 'b', 'y', 'c', '{z}'],
  ['LPUSH', 'l', '1', '2'],
  ['LRANGE', 'l', '0', '-1'],
  ['PING'],
  ['PING', 'p'],
  ['ECHO', '$3\r\n'],
  ['NOPE', 'a', 'b'],
];

/** Real commands in a pipeline, in every form, with some bytes changed. */
export const oddCommands: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(fc.tuple(fc.constantFrom(...REQUESTS), fc.constantFrom('multibulk', 'multibulk', 'loose', 'inline')), {
      minLength: 1,
      maxLength: 8,
    }),
    fc.array(mutation, { maxLength: 3 }),
  )
  .map(([requests, mutations]) => mutate(requests.map(([words, form]) => inForm(words, form)).join(''), mutations));

function inForm(words: readonly string[], form: string): string {
  if (form === 'loose') return multibulk(words, 'XX');
  if (form === 'inline' && !words.some((word) => /[\r\n\0{]|^$/.test(word))) return `${words.join(' ')}\r\n`;
  return multibulk(words);
}
