import { EventEmitter } from 'node:events';
import t from 'tap';
import { SILENT } from '../../../src/observe/log.ts';
import { untilSignal } from '../../../src/runtime/shutdown.ts';

function service() {
  const calls: string[] = [];
  let drained = () => {};
  return {
    calls,
    finishDrain: () => drained(),
    drain: () => {
      calls.push('drain');
      return new Promise<void>((resolve) => {
        drained = resolve;
      });
    },
    stop: async () => {
      calls.push('stop');
    },
  };
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  t.test(`${signal} drains, then stops, then ends with 0`, async (t) => {
    const signals = new EventEmitter();
    const running = service();
    const ended = untilSignal(running, SILENT, signals as never);
    t.same(running.calls, [], 'nothing before the signal');
    signals.emit(signal, signal);
    t.same(running.calls, ['drain'], 'no stop while accepted requests wait');
    running.finishDrain();
    t.equal(await ended, 0);
    t.same(running.calls, ['drain', 'stop']);
    t.same(signals.eventNames(), [], 'its listeners are gone');
  });
}

t.test('a second signal does not wait for the drain', async (t) => {
  const signals = new EventEmitter();
  const running = service();
  const ended = untilSignal(running, SILENT, signals as never);
  signals.emit('SIGTERM', 'SIGTERM');
  signals.emit('SIGINT', 'SIGINT');
  t.equal(await ended, 1);
  t.same(running.calls, ['drain']);
});

t.test('a drain that fails ends with 1', async (t) => {
  const signals = new EventEmitter();
  const ended = untilSignal({ drain: () => Promise.reject(new Error('broken')), stop: async () => {} }, SILENT, signals as never);
  signals.emit('SIGTERM', 'SIGTERM');
  t.equal(await ended, 1);
});
