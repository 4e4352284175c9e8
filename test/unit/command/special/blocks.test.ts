import t from 'tap';
import { BLOCKS } from '../../../../src/command/special/blocks.ts';
import { viewOf } from '../../../support/view.ts';

t.test('BLOCK among the options of XREAD and XREADGROUP', (t) => {
  for (const request of [
    'XREAD BLOCK 0 STREAMS k $',
    'xread count 2 block 10 streams k $',
    'XREADGROUP GROUP g c BLOCK 0 STREAMS k >',
    'XREADGROUP GROUP g c NOACK COUNT 1 BLOCK 0 STREAMS k >',
    'XREADGROUP BLOCK 0 GROUP g c STREAMS k >',
    'XREADGROUP GROUP streams c BLOCK 0 STREAMS k >',
    'XREADGROUP GROUP g streams BLOCK 0 STREAMS k >',
    'XREADGROUP GROUP g c CLAIM 10 BLOCK 0 STREAMS k >',
    'XREADGROUP GROUP g c CLAIM streams BLOCK 0 STREAMS k >',
    'XREAD COUNT streams BLOCK 0 STREAMS k 0',
    'XREAD FUTURE BLOCK 0 STREAMS k 0',
  ]) {
    t.ok(BLOCKS.block_option(viewOf(...request.split(' '))), request);
  }
  for (const request of [
    'XREAD STREAMS k 0',
    'XREAD COUNT 1 STREAMS block 0',
    'XREAD STREAMS a block 0 block',
    'XREADGROUP GROUP block block STREAMS k >',
    'XREADGROUP GROUP g block COUNT 1 STREAMS block >',
    'XREAD COUNT',
  ]) {
    t.notOk(BLOCKS.block_option(viewOf(...request.split(' '))), request);
  }
  t.end();
});
