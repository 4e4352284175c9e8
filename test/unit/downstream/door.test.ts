import { once } from 'node:events';
import { connect, Server } from 'node:net';
import t from 'tap';
import { Door } from '../../../src/downstream/door.ts';

t.test('a client that cannot be accepted is told of, now and then, and the door stays open', async (t) => {
  const listen = Server.prototype.listen;
  const servers: Server[] = [];
  Server.prototype.listen = function (this: Server, ...args: unknown[]) {
    servers.push(this);
    return Reflect.apply(listen, this, args) as Server;
  } as typeof listen;
  t.teardown(() => {
    Server.prototype.listen = listen;
  });
  const lost: string[] = [];
  const entered: number[] = [];
  const door = new Door(
    { host: '127.0.0.1', port: 0 },
    (socket) => {
      entered.push(1);
      socket.destroy();
    },
    (error) => lost.push(error.message),
  );
  await door.listen();
  t.teardown(() => door.close());
  for (let i = 0; i < 3; i++) servers[0]?.emit('error', new Error('accept EMFILE'));
  t.strictSame(lost, ['accept EMFILE']);
  const client = connect(door.address() as { host: string; port: number });
  await once(client, 'close');
  t.equal(entered.length, 1);
});
