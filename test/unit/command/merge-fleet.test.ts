import t from 'tap';
import { MERGES, type MergeName } from '../../../src/command/merge.ts';
import { latin1 } from '../../fuzz/drive.ts';

function merged(name: MergeName, ...parts: string[]): string | null {
  const nodes = ['a', 'b', 'c'].slice(0, parts.length);
  return MERGES[name](parts.map(latin1), new Uint16Array(0), nodes)?.toString('latin1') ?? null;
}

const ROWS: readonly (readonly [merge: MergeName, parts: readonly string[], whole: string | null])[] = [
  ['concat', ['*1\r\n$1\r\na\r\n', '*0\r\n', '*2\r\n$1\r\nb\r\n*1\r\n:1\r\n'], '*3\r\n$1\r\na\r\n$1\r\nb\r\n*1\r\n:1\r\n'],
  ['concat', ['*0\r\n', ':1\r\n'], null],
  ['union', ['*2\r\n$1\r\na\r\n$1\r\nb\r\n', '*2\r\n$1\r\nb\r\n$1\r\nc\r\n'], '*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n'],
  ['min', [':3\r\n', ':1\r\n', ':2\r\n'], ':1\r\n'],
  ['max', [':3\r\n', ':1\r\n'], ':3\r\n'],
  ['min', [':3\r\n', '+OK\r\n'], null],
  ['min_each', ['*2\r\n:1\r\n:0\r\n', '*2\r\n:1\r\n:1\r\n'], '*2\r\n:1\r\n:0\r\n'],
  ['min_each', ['*2\r\n:1\r\n:0\r\n', '*1\r\n:1\r\n'], null],
  [
    'subscribers',
    ['*4\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n:0\r\n', '*4\r\n$1\r\na\r\n:2\r\n$1\r\nb\r\n:5\r\n'],
    '*4\r\n$1\r\na\r\n:3\r\n$1\r\nb\r\n:5\r\n',
  ],
  ['subscribers', ['*0\r\n', '*0\r\n'], '*0\r\n'],
  ['subscribers', [...'12'].map((n) => `*2\r\n$15\r\n__keyevent@0__:\r\n:${n}\r\n`), '*2\r\n$15\r\n__keyevent@0__:\r\n:2\r\n'],
  ['first', ['+Background saving started\r\n', '+other\r\n'], '+Background saving started\r\n'],
  ['joined', ['*2\r\n$1\r\nx\r\n$1\r\n1\r\n', '*2\r\n$1\r\nx\r\n$1\r\n1\r\n'], '*2\r\n$1\r\nx\r\n$1\r\n1\r\n'],
  ['joined', ['%1\r\n$1\r\nx\r\n$1\r\n1\r\n', '%1\r\n$1\r\nx\r\n$2\r\n22\r\n'], '%1\r\n$1\r\nx\r\n$8\r\na=1 b=22\r\n'],
  ['joined', ['*2\r\n$1\r\nx\r\n$1\r\n1\r\n', '*0\r\n'], '*2\r\n$1\r\nx\r\n$3\r\na=1\r\n'],
  ['same', ['*1\r\n$1\r\na\r\n', '*1\r\n$1\r\na\r\n'], '*1\r\n$1\r\na\r\n'],
  ['same', ['+a\r\n', '+b\r\n'], '-ERR keyfan: the nodes do not say the same; connect to each of them for it\r\n'],
  ['texts', ['$3\r\nabc\r\n', '$2\r\nd\n\r\n'], '$15\r\n# a\nabc\n\n# b\nd\n\r\n'],
  ['texts', ['=7\r\ntxt:abc\r\n', '=5\r\ntxt:d\r\n'], '=19\r\ntxt:# a\nabc\n\n# b\nd\n\r\n'],
  ['said', ['+OK\r\n', '+OK\r\n'], '+OK\r\n'],
  ['said', ['+1\r\n', '+2\r\n'], '$13\r\n# a\n1\n\n# b\n2\n\r\n'],
  ['running', ['*2\r\n+r\r\n$-1\r\n', '*2\r\n+r\r\n*1\r\n+f\r\n'], '*2\r\n+r\r\n*1\r\n+f\r\n'],
  ['running', ['%1\r\n+r\r\n_\r\n', '%1\r\n+r\r\n_\r\n'], '%1\r\n+r\r\n_\r\n'],
  ['log', ['+OK\r\n', '+OK\r\n'], '+OK\r\n'],
  ['log', ['*0\r\n', '*1\r\n:1\r\n'], '*1\r\n:1\r\n'],
  [
    'events',
    ['*2\r\n*4\r\n+x\r\n:5\r\n:7\r\n:9\r\n*4\r\n+y\r\n:1\r\n:1\r\n:1\r\n', '*1\r\n*4\r\n+x\r\n:6\r\n:3\r\n:4\r\n'],
    '*2\r\n*4\r\n+x\r\n:6\r\n:3\r\n:9\r\n*4\r\n+y\r\n:1\r\n:1\r\n:1\r\n',
  ],
  ['history', ['*1\r\n*2\r\n:5\r\n:1\r\n', '*1\r\n*2\r\n:3\r\n:2\r\n'], '*2\r\n*2\r\n:3\r\n:2\r\n*2\r\n:5\r\n:1\r\n'],
];

t.test('merges of what all nodes say', async (t) => {
  for (const [merge, parts, whole] of ROWS) t.equal(merged(merge, ...parts), whole, `${merge} of ${JSON.stringify(parts)}`);
});
