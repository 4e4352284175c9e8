import fc from 'fast-check';
import { parseReply } from '../support/resp.ts';
import { connectResp } from '../support/resp-client.ts';
import { until } from '../support/wait.ts';
import { cuts, mutate, mutation, oddCommands, oddRequests, offsetsOf } from './arbitraries.ts';
import { cut, latin1 } from './drive.ts';

/** One hostile client: its bytes, how they are cut, and how it leaves. */
const attack = fc.record({
  bytes: fc.oneof(
    oddRequests,
    oddCommands,
    fc
      .tuple(fc.array(oddCommands, { minLength: 10, maxLength: 40 }), fc.array(mutation, { maxLength: 2 }))
      .map(([parts, mutations]) => mutate(parts.join(''), mutations)),
  ),
  parts: cuts,
  leave: fc.constantFrom('end', 'reset', 'destroy', 'deaf'),
});

type Attack = typeof attack extends fc.Arbitrary<infer T> ? T : never;

async function assault(port: number, { bytes, parts, leave }: Attack): Promise<void> {
  const client = await connectResp(port, { deadlineMs: 20_000 });
  if (leave === 'deaf') client.pause();
  for (const chunk of cut(latin1(bytes), offsetsOf(parts, bytes.length))) {
    if (client.socket.destroyed) break;
    client.send(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (leave === 'end') {
    client.end();
    await client.waitClosed();
  } else if (leave === 'reset') {
    client.reset();
  }
  await client.close();
}

/** A client that minds its own keys and must hear the right answers, whatever the others do. */
async function mindOwnKeys(port: number, name: string): Promise<void> {
  const client = await connectResp(port, { deadlineMs: 20_000 });
  const keys = Array.from({ length: 20 }, (_, i) => `mine:${name}:${i}`);
  for (let n = 0; n < 20; n++) {
    const sets = keys.map((key) => ['SET', key, `${key}=${n}`]);
    const gets = keys.map((key) => ['GET', key]);
    const replies = await client.pipeline([...sets, ...gets, ['MGET', ...keys]]);
    const heard = replies.map((reply) => valueOf(reply.raw));
    const expected = [...keys.map(() => 'OK'), ...keys.map((key) => `${key}=${n}`), keys.map((key) => `${key}=${n}`)];
    if (JSON.stringify(heard) !== JSON.stringify(expected)) throw new Error(`crossed replies: ${JSON.stringify(heard)}`);
  }
  await client.close();
}

function valueOf(raw: Buffer): unknown {
  const value = parseReply(raw);
  return value instanceof Error ? value.message : value;
}

/** While many send anything, others are served rightly; then nothing is in flight and no connection to a node lost its step. */
export function besiege(port: number, adminPort: number): fc.IAsyncProperty<[Attack[]]> {
  return fc.asyncProperty(fc.array(attack, { minLength: 5, maxLength: 40 }), async (attacks) => {
    const honest = [0, 1, 2].map((n) => mindOwnKeys(port, `${n}`));
    await Promise.all([...honest, ...attacks.map((each) => assault(port, each))]);
    await until(async () => (await gauge(adminPort, 'keyfan_backend_in_flight')).every((value) => value === 0), 'nothing to be in flight');
    const desyncs = await gauge(adminPort, 'keyfan_backend_desync_total');
    if (desyncs.length === 0 || desyncs.some((value) => value !== 0)) throw new Error(`desyncs: ${desyncs}`);
  });
}

/** All values of a metric. */
async function gauge(adminPort: number, name: string): Promise<number[]> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  return [...text.matchAll(new RegExp(`^${name}\\{.*\\} (\\S+)$`, 'gm'))].map((match) => Number(match[1]));
}
