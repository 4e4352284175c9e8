// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration writes variables the same way
import t from 'tap';
import { interpolate } from '../../../src/config/interpolate.ts';

const env = { A: 'one', B: 'two$', EMPTY: '', N1: '${A}' };

t.test('variables are filled in', async (t) => {
  const cases: [string, string][] = [
    ['plain', 'plain'],
    ['${A}', 'one'],
    ['x${A}y${B}z', 'xoneytwo$z'],
    ['${A:-other}', 'one'],
    ['${NOT_SET:-other}', 'other'],
    ['${NOT_SET:-}', ''],
    ['${EMPTY}', ''],
    ['${EMPTY:-other}', 'other'],
    ['${N1}', '${A}'],
    ['$${A}', '${A}'],
    ['$A $ {A} $', '$A $ {A} $'],
    ['pa$$word', 'pa$$word'],
  ];
  for (const [text, value] of cases) t.same(interpolate(text, env), { value, missing: [], malformed: false }, text);
});

t.test('what is not set is named', async (t) => {
  t.same(interpolate('${NOPE} ${A} ${NADA}', env).missing, ['NOPE', 'NADA']);
  t.same(interpolate('${toString}', env).missing, ['toString'], 'only own properties are variables');
});

t.test('what begins as a variable and is none is not passed over', async (t) => {
  for (const text of ['${1A}', '${a-b}', '${A', 'x${', '${}', '${A:+x}']) t.ok(interpolate(text, env).malformed, text);
});
