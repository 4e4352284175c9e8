import t from 'tap';
import { LaneSets } from '../../../src/pool/lane-sets.ts';
import type { Backend } from '../../../src/upstream/backend.ts';
import type { Identity } from '../../../src/upstream/identity.ts';

const id = (database: number, protocol: 2 | 3 = 2): Identity => ({ protocol, database });

/** Gives a name for a lane, and remembers which it was told to drop. */
class Node {
  readonly dropped: string[] = [];
  readonly #name: string;
  constructor(name: string) {
    this.#name = name;
  }
  #nameOf({ protocol, database }: Identity): string {
    return `${this.#name} RESP${protocol} ${database}`;
  }
  lane(identity: Identity): unknown {
    return this.#nameOf(identity);
  }
  dropLane(identity: Identity): void {
    this.dropped.push(this.#nameOf(identity));
  }
}

function setup(databasesMax: number) {
  const nodes = [new Node('a'), new Node('b')];
  return { nodes, sets: new LaneSets(nodes as unknown as Backend[], id(0), databasesMax) };
}

t.test('a set for each identity, with the lanes of all nodes in their order', async (t) => {
  const { sets } = setup(2);
  t.same(sets.first.lanes, ['a RESP2 0', 'b RESP2 0']);
  t.ok(sets.enterFirst() === sets.first && sets.enter(id(0)) === sets.first);
  t.equal(sets.first.sessions, 2);
  const other = sets.enter(id(0, 3));
  t.same(other?.lanes, ['a RESP3 0', 'b RESP3 0']);
  t.ok(sets.enter(id(0, 3)) === other);
  t.equal(other?.sessions, 2);
});

t.test('databases are limited, both versions of RESP may be spoken to each', async (t) => {
  const { sets } = setup(2);
  for (const identity of [id(0, 3), id(7), id(7, 3)]) t.ok(sets.enter(identity));
  t.equal(sets.enter(id(8)), null);
  t.equal(sets.enter(id(8, 3)), null);
  t.equal(sets.enter(id(7))?.sessions, 2, 'one that is in use is entered all the same');
});

t.test('what nobody uses is dropped when room is needed, and not before; never the first', async (t) => {
  const { nodes, sets } = setup(2);
  const [used, unused] = [sets.enter(id(7)), sets.enter(id(7, 3))];
  if (used === null || unused === null) throw new Error('there is room');
  sets.leave(unused);
  sets.enter(id(0, 3));
  t.same(nodes[0]?.dropped, [], 'there was room for that one');
  t.equal(sets.enter(id(8)), null, 'its database is in use');
  t.same(nodes[0]?.dropped, ['a RESP3 7']);
  sets.keep(used);
  sets.leave(used);
  t.equal(sets.enter(id(8)), null, 'somebody still keeps it');
  sets.leave(used);
  t.same(sets.enter(id(8))?.lanes, ['a RESP2 8', 'b RESP2 8']);
  t.same(
    nodes.map(({ dropped }) => dropped),
    [
      ['a RESP3 7', 'a RESP2 7'],
      ['b RESP3 7', 'b RESP2 7'],
    ],
  );
  t.equal(sets.enter(id(7)), null);
  t.equal(sets.first.sessions, 0);
});
