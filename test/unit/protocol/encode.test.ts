import t from 'tap';
import { arrayReply, bulkReply, errorReply, integerReply, NULL_BULK, OK, PONG, simpleReply } from '../../../src/protocol/encode.ts';
import { encodeRequest } from '../../../src/protocol/multibulk.ts';
import { encode, parseReply } from '../../support/resp.ts';

t.test('replies are what redis-parser reads', async (t) => {
  t.equal(parseReply(OK), 'OK');
  t.equal(parseReply(PONG), 'PONG');
  t.equal(parseReply(NULL_BULK), null);
  t.equal(parseReply(simpleReply('')), '');
  t.match(parseReply(errorReply('ERR it broke')), { name: 'ReplyError', message: 'ERR it broke' });
  t.equal(parseReply(integerReply(-7)), -7);
  t.equal(parseReply(bulkReply('')), '');
  t.equal(parseReply(bulkReply('grün')), 'grün', 'the length is that of the bytes');
  const bytes = Buffer.from([0, 13, 10, 255, 36]);
  t.same(parseReply(bulkReply(bytes), true), bytes);
  t.same(parseReply(arrayReply([integerReply(1), arrayReply([]), NULL_BULK, bulkReply('x')])), [1, [], null, 'x']);
  t.same(parseReply(arrayReply([])), []);
});

t.test('a text stands for its bytes, as it quotes raw input', async (t) => {
  t.same(errorReply("ERR unknown command '\xff\x80'").subarray(22, 24), Buffer.from([0xff, 0x80]));
  t.equal(errorReply('ERR \xe9').length, 8);
  t.equal(simpleReply('\xe9').length, 4);
});

t.test('a request in canonical form', async (t) => {
  for (const words of [['PING'], ['SET', 'k', ''], ['ECHO', 'grün'], Array.from({ length: 11 }, (_, i) => `${i}`)]) {
    t.same(encodeRequest(words), encode(words), words.join(' '));
  }
  const bytes = Buffer.from([0, 255, 13, 10]);
  t.same(encodeRequest(['A', bytes]), encode(['A', bytes]));
});
