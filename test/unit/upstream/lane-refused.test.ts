import t from 'tap';
import { tick } from '../../../src/util/clock.ts';
import { encode } from '../../support/resp.ts';
import { heard, startSite, Waiter } from './helpers.ts';

tick();

t.test('after a handshake that was refused no other is tried at once, for those in line neither', async (t) => {
  const { lane, node } = await startSite(t, () => {}, { leasesMax: 1 });
  node.setScript(() => '-NOAUTH who are you\r\n');
  const waiter = new Waiter();
  const request = encode(['GET', 'a']);
  for (let token = 0; token < 5; token++) lane.sendAlone(request, 0, request.length, waiter, token, false);
  await heard(waiter, 5);
  t.equal(node.accepted, 1);
});
