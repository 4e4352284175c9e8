import t from 'tap';
import { clock, tick } from '../../../src/util/clock.ts';
import { encode } from '../../support/resp.ts';
import { until } from '../../support/wait.ts';
import { heard, startSite, Waiter } from './helpers.ts';

tick();

const echo = ({ args }: { args: readonly string[] }): string => `+${args.join(' ')}\r\n`;

t.test('newcomers go aside once the lane there can be written to, until then with the others', async (t) => {
  const { lane, owner, another, asked } = await startSite(t, echo);
  const beside = another('newcomer');
  owner.beside = beside;
  const waiter = new Waiter();
  const request = encode(['GET', 'a']);
  lane.sendAside(request, 0, request.length, waiter, 1, false);
  t.same([lane.inFlight, beside.inFlight], [2, 1], 'only the handshake is said there');
  await until(() => beside.openIfNeeded(), 'the lane beside');
  await heard(waiter, 1);
  lane.sendAside(request, 0, request.length, waiter, 2, false);
  await heard(waiter, 2);
  t.not(asked[0]?.[0], asked[1]?.[0], 'two connections');
});

t.test(
  'newcomers in line: refused where the node is not asked any more, sent with the others where their connection is lost',
  async (t) => {
    const { lane, owner, another, asked, waitAsked } = await startSite(t, () => {});
    const beside = another('newcomer');
    owner.beside = beside;
    const waiter = new Waiter();
    const request = encode(['GET', 'a']);
    await until(() => beside.openIfNeeded(), 'the lane beside');
    const askAside = (count: number): void => {
      for (let i = 0; i < count; i++) lane.sendAside(request, 0, request.length, waiter, i, false);
    };
    askAside(20);
    await waitAsked(16);
    const was = asked[0]?.split(' ')[0];
    beside.shared?.destroy('connection_lost', 'gone');
    await waitAsked(20);
    t.equal(waiter.heard.filter((line) => line.endsWith('!connection_lost a')).length, 16);
    t.notOk(
      asked.slice(16).some((line) => line.startsWith(`${was} `)),
      'on another connection',
    );
    askAside(14);
    t.equal(waiter.heard.length, 16, 'two of them wait');
    owner.accepting = false;
    askAside(1);
    t.equal(waiter.heard.at(-1), '0 !node_down a', 'at once');
    lane.tick(clock.now);
    t.same(waiter.heard.slice(17), ['12 !node_down a', '13 !node_down a']);
  },
);
