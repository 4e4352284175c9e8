import t from 'tap';
import type { GuardName } from '../../../../src/command/row.ts';
import { GUARDS } from '../../../../src/command/special/guards.ts';
import { viewOf } from '../../../support/view.ts';

const refused = (guard: GuardName, request: string, covers = false): boolean => {
  const text = GUARDS[guard](viewOf(...request.split(' ')), () => covers);
  if (text !== null && !text.startsWith(`keyfan: '${(request.split(' ')[0] as string).toLowerCase()}' with `)) throw new Error(text);
  return text !== null;
};

t.test('patterns of SORT', (t) => {
  for (const request of [
    'SORT k BY w_*',
    'sort k by *->f',
    'SORT k GET o_*',
    'SORT k GET # GET x*',
    'SORT_RO k BY a*b',
    'SORT k LIMIT 0 1 STORE d BY *',
  ]) {
    t.ok(refused('near_sort_patterns', request), request);
    t.notOk(refused('near_sort_patterns', request, true), `${request}, where its keys are near`);
  }
  for (const request of [
    'SORT k',
    'SORT k BY nosort',
    'SORT k GET #',
    'SORT k GET # GET x',
    'SORT k ASC ALPHA LIMIT 0 1 STORE d',
    'SORT k* STORE d*',
    'SORT k STORE by',
    'SORT k BY',
    'SORT k STORE get x',
  ]) {
    t.notOk(refused('near_sort_patterns', request), request);
  }
  t.end();
});

t.test('a star behind the pattern is not in it', (t) => {
  t.notOk(refused('near_sort_patterns', 'SORT k BY nosort STORE d*'));
  t.end();
});
