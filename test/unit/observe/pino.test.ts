import t from 'tap';
import type { Log } from '../../../src/observe/log.ts';
import { type LogLevel, logTo } from '../../../src/observe/pino.ts';

function written(level: LogLevel, work: (log: Log) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  work(logTo({ write: (line: string) => void lines.push(line) }, level));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

t.test('one JSON line a call, with level and message', async (t) => {
  const lines = written('info', (log) => log.info({ pool: 'cache', node: 'n1' }, 'node up'));
  t.match(lines, [
    { level: 'info', name: 'keyfan', pid: process.pid, pool: 'cache', node: 'n1', msg: 'node up', time: /^\d{4}-\d\d-\d\dT/ },
  ]);
});

t.test('levels below the chosen one are silent', async (t) => {
  const all = (log: Log) => {
    log.debug({}, 'd');
    log.info({}, 'i');
    log.warn({}, 'w');
    log.error({}, 'e');
  };
  for (const [level, expected] of [
    ['debug', 'diwe'],
    ['info', 'iwe'],
    ['warn', 'we'],
    ['error', 'e'],
    ['silent', ''],
  ] as const) {
    t.equal(
      written(level, all)
        .map((line) => line.msg)
        .join(''),
      expected,
      level,
    );
  }
});

t.test('secrets do not get through, should somebody log a configuration', async (t) => {
  const text = JSON.stringify(
    written('info', (log) =>
      log.info({ password: 'hunter2', pool: { client_password: 'hunter2', password: 'hunter2', username: 'hunter2' } }, 'oops'),
    ),
  );
  t.notMatch(text, 'hunter2');
  t.match(text, '[secret]');
});
