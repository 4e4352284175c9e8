import t from 'tap';
import { startFleet } from '../support/fleet.ts';
import { encode } from '../support/resp.ts';

t.test('row 39: a long key that comes in two reads has the node of the whole key', async (t) => {
  const fleet = await startFleet({ nodes: 3 });
  t.teardown(() => fleet.stop());
  const [writer, other] = await Promise.all([fleet.connect(), fleet.connect()]);
  for (let n = 0; n < 12; n++) {
    const key = `${'long'.repeat(150)}:${n}:${'tail'.repeat(2 ** n)}`;
    const request = encode(['SET', key, String(n)]);
    const cut = Math.floor(request.length * ((n + 1) / 14));
    writer.send(request.subarray(0, cut));
    // The first part is read before this is answered: it was sent before.
    await other.command('PING');
    writer.send(request.subarray(cut));
    t.equal((await writer.read(1))[0]?.text, '+OK\r\n');
    const found = await Promise.all(fleet.nodes.map((node) => node.call('EXISTS', key)));
    t.equal(found.indexOf(1), fleet.nodeOf(key), `${key.length} bytes, cut at ${cut}`);
    t.equal((await other.command('GET', key)).value, String(n));
  }
});
