import t from 'tap';
import { Account, type Member, Memory } from '../../../src/util/memory.ts';

const KIB = 1024;

/** A member that lets go when it is told to. */
class Holder implements Member {
  readonly account: Account;
  letGos = 0;

  constructor(memory: Memory) {
    this.account = new Account(memory, this);
  }

  letGo(): void {
    this.letGos++;
    this.account.set(0);
  }
}

t.test('what is held is the sum of what was told last', async (t) => {
  const memory = new Memory(1000 * KIB);
  const [one, two] = [new Holder(memory), new Holder(memory)];
  one.account.set(100 * KIB);
  two.account.set(200 * KIB);
  one.account.set(300 * KIB);
  t.equal(memory.held, 500 * KIB);
  two.account.set(0);
  t.equal(memory.held, 300 * KIB);
  one.account.set(0);
  t.equal(memory.held, 0);
});

t.test('small holdings and small changes are not told', async (t) => {
  const memory = new Memory(1000 * KIB);
  const { account } = new Holder(memory);
  account.set(64 * KIB - 1);
  t.equal(memory.held, 0);
  account.set(64 * KIB);
  account.set(128 * KIB - 1);
  t.equal(memory.held, 64 * KIB);
  account.set(128 * KIB);
  t.equal(memory.held, 128 * KIB);
  account.set(64 * KIB - 1);
  t.equal(memory.held, 0);
});

t.test('towards the limit: tight, then scarce, then the one that most is held for lets go, and only that one', async (t) => {
  const memory = new Memory(1000 * KIB);
  const [small, large, last] = [new Holder(memory), new Holder(memory), new Holder(memory)];
  small.account.set(100 * KIB);
  large.account.set(400 * KIB);
  t.same([memory.tight, memory.scarce], [false, false]);
  last.account.set(100 * KIB);
  t.same([memory.tight, memory.scarce], [true, false]);
  last.account.set(300 * KIB);
  t.same([memory.tight, memory.scarce], [true, true]);
  t.same([small.letGos, large.letGos, last.letGos], [0, 0, 0]);
  small.account.set(350 * KIB);
  t.same([small.letGos, large.letGos, last.letGos], [0, 1, 0]);
  t.equal(memory.held, 650 * KIB);
});

t.test('one that does not let go does not make it look for ever', async (t) => {
  const memory = new Memory(100 * KIB);
  let asked = 0;
  new Account(memory, { letGo: () => asked++ }).set(200 * KIB);
  t.equal(asked, 1);
});
