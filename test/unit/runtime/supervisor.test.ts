import t from 'tap';
import type { Log } from '../../../src/observe/log.ts';
import { type Ending, Supervisor, type SupervisorOptions, type Timers, type WorkerEvents } from '../../../src/runtime/supervisor.ts';

/** A clock that stands until it is told to go on. */
class HandClock implements Timers {
  #now = 0;
  #waiting: { at: number; run: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const entry = { at: this.#now + ms, run };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    };
  }

  pass(ms: number): void {
    this.#now += ms;
    const due = this.#waiting.filter((entry) => entry.at <= this.#now);
    this.#waiting = this.#waiting.filter((entry) => entry.at > this.#now);
    for (const entry of due) entry.run();
  }

  get pending(): number {
    return this.#waiting.length;
  }
}

/** A process that does what the test says. */
class FakeProcess {
  readonly pid: number;
  readonly worker: number;
  readonly events: WorkerEvents;
  readonly told: string[] = [];

  constructor(pid: number, worker: number, events: WorkerEvents) {
    this.pid = pid;
    this.worker = worker;
    this.events = events;
  }

  drain(): void {
    this.told.push('drain');
  }

  kill(): void {
    this.told.push('kill');
  }

  end(how: Partial<Ending> = {}): void {
    this.events.ended({ code: null, signal: null, ...how });
  }
}

/** Promises that are settled go on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

function setUp(options: Partial<SupervisorOptions<FakeProcess>> = {}) {
  const clock = new HandClock();
  const made: FakeProcess[] = [];
  const calls: string[] = [];
  const lines: { message: string; fields: Record<string, unknown> }[] = [];
  const note = (fields: object, message: string): void => void lines.push({ message, fields: fields as Record<string, unknown> });
  const log: Log = { info: note, warn: note, error: note, debug: note };
  const supervisor = new Supervisor<FakeProcess>({
    workers: 2,
    spawn: (worker, events) => {
      const process = new FakeProcess(100 + made.length, worker, events);
      made.push(process);
      return process;
    },
    joined: ({ pid }) => calls.push(`joined ${pid}`),
    leaving: ({ pid }) => calls.push(`leaving ${pid}`),
    gone: ({ pid }) => calls.push(`gone ${pid}`),
    restart: { minMs: 50, maxMs: 10_000 },
    steadyMs: 30_000,
    startLimitMs: 5000,
    drainLimitMs: 12_000,
    log,
    timers: clock,
    random: () => 1,
    ...options,
  });
  const the = (i: number): FakeProcess => made[i] as FakeProcess;
  const delays = () => lines.filter(({ message }) => message === 'worker will be replaced').map(({ fields }) => fields.delayMs);
  const told = (message: string) => lines.filter((line) => line.message === message).map(({ fields }) => fields);
  const started = async () => {
    const running = supervisor.start();
    for (const process of made) process.events.ready();
    await running;
    calls.length = 0;
  };
  return { supervisor, clock, made, the, calls, delays, told, started };
}

t.test('starts as many as it is told, and is started when all are ready', async (t) => {
  const { supervisor, made, the, calls } = setUp({ workers: 3 });
  let started = false;
  const running = supervisor.start().then(() => {
    started = true;
  });
  t.same(
    made.map(({ worker }) => worker),
    [1, 2, 3],
  );
  the(2).events.ready();
  the(0).events.ready();
  await settle();
  t.equal(started, false);
  t.equal(supervisor.serving, 2);
  the(1).events.ready();
  await running;
  t.equal(supervisor.serving, 3);
  t.same(calls, ['joined 102', 'joined 100', 'joined 101']);
});

t.test('a worker that ends before it was ready: the start fails and says how it ended', async (t) => {
  const { supervisor, the } = setUp();
  const running = supervisor.start();
  the(0).events.ready();
  the(1).end({ code: 1 });
  await t.rejects(running, { message: 'worker 2 ended before it was ready (exit code 1)' });
});

t.test('a worker that is not ready in time is killed', async (t) => {
  const { supervisor, clock, the } = setUp();
  const running = supervisor.start();
  the(0).events.ready();
  clock.pass(5000);
  t.same([the(0).told, the(1).told], [[], ['kill']]);
  the(1).end({ signal: 'SIGKILL' });
  await t.rejects(running, { message: 'worker 2 ended before it was ready (SIGKILL)' });
});

t.test('one that ends unasked is replaced, under its number', async (t) => {
  const { supervisor, clock, made, the, calls, told, started } = setUp();
  await started();
  the(1).end({ code: 7 });
  t.same(calls, ['leaving 101', 'gone 101']);
  t.match(told('worker ended unasked'), [{ worker: 2, worker_pid: 101, code: 7, signal: null }]);
  t.equal(supervisor.serving, 1);
  t.equal(made.length, 2, 'not at once');
  clock.pass(50);
  t.equal(made.length, 3);
  t.equal(the(2).worker, 2);
  the(2).events.ready();
  t.equal(supervisor.serving, 2);
  t.equal(supervisor.restarts, 1);
  t.equal(clock.pending, 0);
});

t.test('a crash loop slows down to its cap; who has served long enough begins anew', async (t) => {
  const { clock, made, delays, supervisor, started } = setUp({ workers: 1 });
  await started();
  const crash = () => {
    (made.at(-1) as FakeProcess).end({ code: 1 });
    clock.pass(10_000);
  };
  for (let i = 0; i < 12; i++) crash();
  t.same(delays(), [50, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000, 10_000]);
  t.equal(supervisor.restarts, 12);
  (made.at(-1) as FakeProcess).events.ready();
  clock.pass(29_999);
  crash();
  t.equal(delays().at(-1), 10_000, 'almost long enough');
  (made.at(-1) as FakeProcess).events.ready();
  clock.pass(30_000);
  crash();
  t.equal(delays().at(-1), 50);
  clock.pass(60_000);
  crash();
  t.equal(delays().at(-1), 100, 'the time of one that was never ready does not count');
});

t.test('the first replacement comes well within a second', async (t) => {
  const { delays, the, started } = setUp();
  await started();
  the(0).end({ signal: 'SIGSEGV' });
  t.ok((delays()[0] as number) <= 50);
});

t.test('rolling restart: the next one is ready before the one before is drained, and one after another', async (t) => {
  const { supervisor, made, the, calls, started, clock, told } = setUp();
  await started();
  const rolled = supervisor.rollingRestart();
  await settle();
  t.equal(made.length, 3);
  t.same([the(0).told, the(1).told], [[], []], 'nobody leaves yet');
  the(2).events.ready();
  await settle();
  t.same(calls, ['joined 102', 'leaving 100']);
  t.same([the(0).told, the(1).told], [['drain'], []]);
  t.equal(made.length, 3, 'the second one waits for the end of the first');
  the(0).end({ code: 0 });
  await settle();
  t.equal(the(3).worker, 2);
  the(3).events.ready();
  await settle();
  the(1).end({ code: 0 });
  await rolled;
  t.same(calls.slice(2), ['gone 100', 'joined 103', 'leaving 101', 'gone 101']);
  t.equal(supervisor.serving, 2);
  t.equal(supervisor.restarts, 0, 'nobody ended unasked');
  t.equal(clock.pending, 0, 'no replacement is planned, no limit runs');
  t.equal(told('rolling restart is over').length, 1);
});

t.test('rolling restart: where the next one does not come up, everybody stays', async (t) => {
  const { supervisor, made, the, started, clock, told } = setUp();
  await started();
  const rolled = supervisor.rollingRestart();
  await settle();
  the(2).end({ code: 1 });
  await rolled;
  t.equal(supervisor.serving, 2);
  t.same([the(0).told, the(1).told], [[], []]);
  t.equal(made.length, 3, 'and nobody is started in its place');
  t.equal(clock.pending, 0);
  t.match(told('rolling restart given up; the other workers stay'), [{ error: 'worker 1 ended before it was ready (exit code 1)' }]);
});

t.test('rolling restart: asked again meanwhile, it goes round once more', async (t) => {
  const { supervisor, made, the, started } = setUp({ workers: 1 });
  await started();
  const rolled = supervisor.rollingRestart();
  await supervisor.rollingRestart();
  await supervisor.rollingRestart();
  await settle();
  the(1).events.ready();
  await settle();
  the(0).end({ code: 0 });
  await settle();
  the(2).events.ready();
  await settle();
  the(1).end({ code: 0 });
  await rolled;
  t.equal(made.length, 3);
  t.equal(supervisor.serving, 1);
});

t.test('rolling restart: one that crashes meanwhile is not replaced twice', async (t) => {
  const { supervisor, made, the, started, clock } = setUp({ workers: 1 });
  await started();
  const rolled = supervisor.rollingRestart();
  await settle();
  the(0).end({ signal: 'SIGKILL' });
  the(1).events.ready();
  await rolled;
  clock.pass(20_000);
  t.equal(made.length, 2);
  t.equal(supervisor.serving, 1);
});

t.test('no rolling restart before the start is over', async (t) => {
  const { supervisor, made } = setUp();
  void supervisor.start();
  await supervisor.rollingRestart();
  t.equal(made.length, 2);
});

t.test('drain: everybody is told, those that start as well; nobody is replaced; who takes too long is killed', async (t) => {
  const { supervisor, made, the, calls, started, clock } = setUp();
  await started();
  the(1).end({ code: 1 });
  clock.pass(50);
  calls.length = 0;
  let over = false;
  const drained = supervisor.drain().then(() => {
    over = true;
  });
  t.same([the(0).told, the(2).told], [['drain'], ['drain']]);
  t.same(calls, ['leaving 100']);
  the(2).events.ready();
  t.same(calls, ['leaving 100'], 'one that becomes ready now gets no clients');
  the(2).end({ code: 0 });
  await settle();
  t.equal(over, false);
  clock.pass(12_000);
  t.same(the(0).told, ['drain', 'kill']);
  the(0).end({ signal: 'SIGKILL' });
  await drained;
  clock.pass(60_000);
  t.equal(made.length, 3);
});

t.test('drain: a replacement that was planned does not come', async (t) => {
  const { supervisor, made, the, started, clock } = setUp();
  await started();
  the(1).end({ code: 1 });
  const drained = supervisor.drain();
  the(0).end({ code: 0 });
  await drained;
  clock.pass(60_000);
  t.equal(made.length, 2);
});

t.test('drain in the middle of a rolling restart ends it', async (t) => {
  const { supervisor, made, the, started, told } = setUp();
  await started();
  const rolled = supervisor.rollingRestart();
  await settle();
  const drained = supervisor.drain();
  for (const i of [0, 1, 2]) the(i).end({ code: 0 });
  await Promise.all([rolled, drained]);
  t.equal(made.length, 3);
  t.same(told('rolling restart given up; the other workers stay'), []);
});

t.test('kill: at once', async (t) => {
  const { supervisor, made, the, started, clock } = setUp();
  await started();
  const killed = supervisor.kill();
  t.same([the(0).told, the(1).told], [['kill'], ['kill']]);
  for (const i of [0, 1]) the(i).end({ signal: 'SIGKILL' });
  await killed;
  clock.pass(60_000);
  t.equal(made.length, 2);
});
