import t from 'tap';
import type { CommandRow } from '../../../src/command/row.ts';
import { rowByName } from '../../../src/command/table.ts';
import { arityText, unknownText } from '../../../src/command/texts.ts';
import { viewOf } from '../../support/view.ts';

// The integration test compares many more with a real server.
t.test('unknown commands and subcommands', (t) => {
  t.equal(unknownText(viewOf('foo')), "unknown command 'foo', with args beginning with: ");
  t.equal(unknownText(viewOf('foo', 'a', 'b')), "unknown command 'foo', with args beginning with: 'a' 'b' ");
  t.equal(unknownText(viewOf('f\r\no', 'a\nb')), "unknown command 'f  o', with args beginning with: 'a b' ");
  t.equal(unknownText(viewOf('f\0oo', 'a\0b')), "unknown command 'f', with args beginning with: 'a' ");
  t.equal(unknownText(viewOf(Buffer.from([0xff, 0xfe]))), "unknown command '\xff\xfe', with args beginning with: ");
  t.equal(unknownText(viewOf('oBject', 'foo')), "unknown subcommand 'foo'. Try OBJECT HELP.");
  t.equal(unknownText(viewOf('constructor', 'x')), "unknown command 'constructor', with args beginning with: 'x' ");
  const long = 'x'.repeat(500);
  t.equal(
    unknownText(viewOf(long, long, long)),
    `unknown command '${long.slice(0, 128)}', with args beginning with: '${long.slice(0, 128)}' `,
  );
  t.end();
});

t.test('wrong number of arguments', (t) => {
  t.equal(arityText(rowByName('get') as CommandRow), "wrong number of arguments for 'get' command");
  t.equal(arityText(rowByName('object|encoding') as CommandRow), "wrong number of arguments for 'object|encoding' command");
  t.end();
});
