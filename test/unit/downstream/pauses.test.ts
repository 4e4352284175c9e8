import t from 'tap';
import type { CommandRow } from '../../../src/command/row.ts';
import { rowByName } from '../../../src/command/table.ts';
import { type Paused, Pauses } from '../../../src/downstream/pauses.ts';

const SET = rowByName('set') as CommandRow;

class Client implements Paused {
  onHold = false;
  woken = 0;
  park(): void {}
  onLaneReady(): void {
    this.woken++;
  }
}

t.test('a client that has left during a pause is forgotten, and not woken at its end', async (t) => {
  const pauses = new Pauses(
    () => {},
    () => {},
  );
  t.teardown(() => pauses.end());
  pauses.follow({ until: Date.now() + 60_000, mode: 'all' });
  const [stays, leaves] = [new Client(), new Client()];
  for (const client of [stays, leaves]) t.ok(pauses.holds(client, SET));
  pauses.forget(leaves);
  pauses.end();
  t.same([stays.onHold, stays.woken], [false, 1]);
  t.equal(leaves.woken, 0);
});
