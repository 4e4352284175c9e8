import t from 'tap';
import { cpuSeconds, residentBytes } from '../../../src/observe/process.ts';

t.test('a process without file descriptors left tells its last figure', async (t) => {
  const before = residentBytes();
  t.ok(before > 2 ** 20);
  t.intercept(process.memoryUsage, 'rss', {
    value: () => {
      throw Object.assign(new Error('EMFILE: too many open files, uv_resident_set_memory'), { code: 'EMFILE' });
    },
  });
  t.equal(residentBytes(), before);
});

t.test('CPU time grows', async (t) => {
  const before = cpuSeconds();
  while (cpuSeconds() === before);
  t.ok(cpuSeconds() > before);
});
