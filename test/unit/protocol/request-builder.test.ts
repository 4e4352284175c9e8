import fc from 'fast-check';
import t from 'tap';
import { RequestBuilder } from '../../../src/protocol/request-builder.ts';
import { argument } from '../../fuzz/arbitraries.ts';
import { latin1 } from '../../fuzz/drive.ts';
import { holds } from '../../fuzz/property.ts';
import { encode } from '../../support/resp.ts';
import { viewOf } from '../../support/view.ts';

const built = (builder: RequestBuilder): Buffer => builder.buf.subarray(builder.start, builder.end);

t.test('a fragment is the command with some of its arguments', async (t) => {
  const builder = new RequestBuilder();
  const view = viewOf('MSET', 'a', '1', 'b', '', 'c', '3\r\n');
  builder.begin();
  builder.append(view, 1, 2);
  builder.append(view, 5, 6);
  builder.finish(5, view);
  t.same(built(builder), encode(['MSET', 'a', '1', 'c', '3\r\n']));
  builder.begin();
  builder.append(view, 3, 4);
  builder.finish(3, view);
  t.same(built(builder), encode(['MSET', 'b', '']), 'nothing is left of the one before');
});

t.test('any arguments in any groups', async (t) => {
  const request = fc.array(argument, { minLength: 1, maxLength: 12 }).chain((args) =>
    fc.tuple(
      fc.constant(args),
      fc.array(
        fc.tuple(fc.nat(args.length - 1), fc.nat(args.length - 1)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
        { maxLength: 6 },
      ),
    ),
  );
  const builder = new RequestBuilder();
  await holds(
    t,
    'RequestBuilder',
    fc.property(request, ([args, groups]) => {
      const bytes = args.map(latin1);
      const view = viewOf('CMD', ...bytes);
      const chosen = groups.flatMap(([first, last]) => bytes.slice(first, last + 1));
      builder.begin();
      for (const [first, last] of groups) builder.append(view, 1 + first, 1 + last);
      builder.finish(1 + chosen.length, view);
      return built(builder).equals(encode(['CMD', ...chosen]));
    }),
    { runs: 1000 },
  );
});

t.test('a count of many digits', async (t) => {
  const builder = new RequestBuilder();
  const keys = Array.from({ length: 12_345 }, (_, i) => `key:${i}`);
  const view = viewOf('MGET', ...keys);
  builder.begin();
  for (let i = 1; i <= keys.length; i++) builder.append(view, i, i);
  builder.finish(1 + keys.length, view);
  t.ok(built(builder).equals(encode(['MGET', ...keys])));
});

t.test('a scratch buffer that grew for one large request is let go with the next', async (t) => {
  const builder = new RequestBuilder();
  const first = builder.buf.length;
  const large = viewOf('MSET', 'k', Buffer.alloc(3 * 1024 * 1024, 'v'));
  builder.begin();
  builder.append(large, 1, 2);
  builder.finish(3, large);
  t.ok(builder.buf.length > 3 * 1024 * 1024);
  const small = viewOf('MSET', 'k', 'v');
  builder.begin();
  builder.append(small, 1, 2);
  builder.finish(3, small);
  t.same(built(builder), encode(['MSET', 'k', 'v']));
  t.equal(builder.buf.length, first);
});
