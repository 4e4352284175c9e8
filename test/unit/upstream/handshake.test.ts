import t from 'tap';
import { type Credentials, type Greeting, Handshake, type Introduction } from '../../../src/upstream/handshake.ts';
import type { Identity } from '../../../src/upstream/identity.ts';
import { encode } from '../../support/resp.ts';

const PLAIN: Identity = { protocol: 2, database: 0 };

function introduction(credentials?: Credentials): Introduction {
  return { credentials, identity: PLAIN, wantsId: false };
}

/** Runs a handshake against these answers; each verdict it gave, with its detail. */
function verdicts(credentials: Credentials | undefined, ...answers: string[]): [Greeting, string][] {
  const heard: [Greeting, string][] = [];
  const handshake = new Handshake(introduction(credentials), (greeting, detail) => heard.push([greeting, detail]));
  answers.forEach((answer, step) => {
    const bytes = Buffer.from(`xx${answer}yy`, 'latin1');
    handshake.onReply(step, bytes, 2, bytes.length - 2);
  });
  return heard;
}

const WRONG_PAIR = 'invalid username-password pair or user is disabled.';
const PASSWORD = { password: 'secret' };

t.test('what it says', async (t) => {
  const bytes = (credentials?: Credentials): Buffer => new Handshake(introduction(credentials), () => {}).bytes;
  t.ok(bytes().equals(encode(['PING'])));
  t.ok(bytes(PASSWORD).equals(Buffer.concat([encode(['AUTH', 'secret']), encode(['PING'])])));
  t.ok(bytes({ username: 'ü', password: 'p w' }).equals(Buffer.concat([encode(['AUTH', 'ü', 'p w']), encode(['PING'])])));
  t.equal(new Handshake(introduction(PASSWORD), () => {}).count, 2);
});

t.test('what it says of the connection', async (t) => {
  const identity: Identity = { protocol: 3, database: 7 };
  const heard: Greeting[] = [];
  const handshake = new Handshake({ credentials: PASSWORD, identity, wantsId: true }, (greeting) => heard.push(greeting));
  const steps = [['AUTH', 'secret'], ['HELLO', '3'], ['SELECT', '7'], ['CLIENT', 'ID'], ['PING']];
  t.ok(handshake.bytes.equals(Buffer.concat(steps.map((words) => encode(words)))));
  ['+OK\r\n', '%1\r\n+proto\r\n:3\r\n', '+OK\r\n', ':42\r\n', '+PONG\r\n'].forEach((answer, step) => {
    handshake.onReply(step, Buffer.from(answer), 0, answer.length);
  });
  t.same(heard, ['serving']);
  t.equal(handshake.clientId, 42);
});

t.test('one verdict, by the last step or the first refusal', async (t) => {
  t.same(verdicts(undefined, '+PONG\r\n'), [['serving', 'PING: PONG']]);
  t.same(verdicts(PASSWORD, '+OK\r\n'), [], 'not yet');
  t.same(verdicts(PASSWORD, '+OK\r\n', '+PONG\r\n'), [['serving', 'PING: PONG']]);
  t.same(verdicts(PASSWORD, '-WRONGPASS no\r\n', '-NOAUTH first\r\n'), [['refused', 'AUTH: WRONGPASS no']]);
  t.same(verdicts(undefined, '-NOAUTH Authentication required.\r\n'), [['refused', 'PING: NOAUTH Authentication required.']]);
  t.same(verdicts(undefined, '$4\r\nPONG\r\n'), [['refused', 'PING: 4\r\nPONG']]);
  t.same(verdicts(undefined, '-LOADING wait\r\n'), [['busy', 'PING: LOADING wait']]);
  t.same(verdicts(undefined, '-BUSY script\r\n'), [['busy', 'PING: BUSY script']]);
  t.same(verdicts(undefined, '-MASTERDOWN Link\r\n'), [['busy', 'PING: MASTERDOWN Link']]);
  t.same(verdicts(undefined, '-LOADINGS\r\n'), [['refused', 'PING: LOADINGS']], 'whole words');
});

t.test('what a node quotes of the credentials is told to nobody', async (t) => {
  const JOE = { username: 'joe', password: 's3cretNode' };
  const told = (credentials: Credentials, answer: string) => verdicts(credentials, `-${answer}\r\n`)[0]?.[1];
  const renamed = "ERR unknown command 'AUTH', with args beginning with: 'joe' 's3cretNode' ";
  t.equal(told(JOE, renamed), 'AUTH: ERR unknown command');
  t.equal(told(JOE, renamed.replaceAll("'", '`')), 'AUTH: ERR unknown command');
  t.equal(told(JOE, renamed.replaceAll("'", '"')), 'AUTH: ERR unknown command');
  t.equal(told(JOE, 'ERR unknown command AUTH joe s3cretNode'), 'AUTH: ERR');
  t.equal(told(JOE, 'ERR nobody is named joe here'), 'AUTH: ERR');
  t.equal(told(JOE, `ERR ${'.'.repeat(190)}s3cretNode`), 'AUTH: ERR', 'where the text is cut within the password');
  t.equal(told(JOE, 's3cretNode is not it'), 'AUTH: ', 'nor as the first word');
  t.equal(told({ password: 'p\u00fc' }, `ERR not ${Buffer.from('p\u00fc').toString('latin1')}`), 'AUTH: ERR');
  t.equal(told(JOE, 'WRONGPASS invalid username-password pair or user is disabled.'), `AUTH: WRONGPASS ${WRONG_PAIR}`);
  t.same(
    verdicts(JOE, '+OK\r\n', "-NOPERM no 'ping' for joe\r\n"),
    [['refused', "PING: NOPERM no 'ping' for joe"]],
    'other steps show all',
  );
  const shifted = verdicts(JOE, '+hello\r\n', `-ERR unknown command 'AUTH', with args beginning with: 'joe' '${JOE.password}'\r\n`);
  t.same(shifted, [['refused', 'PING: ERR unknown command']], 'nor what comes in the place of another answer');
});

t.test('how what is no reply begins', async (t) => {
  const begins = (text: string, credentials?: Credentials): string => {
    const bytes = Buffer.from(`xx${text}`, 'latin1');
    return new Handshake(introduction(credentials), () => {}).beginning(bytes, 2, bytes.length);
  };
  t.equal(begins('HTTP/1.1 400 Bad Request\r\nDate: now\r\n'), 'HTTP/1.1 400 Bad Request');
  t.equal(begins('\r\n 220 mail\n'), '220 mail');
  t.equal(begins('\x15\x03\x03\0\x02\x02F\xff'), '......F.');
  t.equal(begins(`x${'y'.repeat(100)}`), `x${'y'.repeat(39)}`);
  const JOE = { username: 'joe', password: 's3cret' };
  t.equal(begins('HTTP/1.1 400 joe s3cret\r\n', JOE), 'HTTP/1.1');
  for (const text of ['s3cret no\r\n', 's3cr', '500:s3cr', '500:s3cret \r\n', "'s3c ret\r\n"]) t.equal(begins(text, JOE), '', text);
});

t.test('after a failure nothing more is decided', async (t) => {
  const heard: Greeting[] = [];
  const handshake = new Handshake(introduction(), (greeting) => heard.push(greeting));
  handshake.onFailure();
  t.equal(handshake.onReply(0, Buffer.from('+PONG\r\n'), 0, 7), true);
  t.same(heard, []);
});
