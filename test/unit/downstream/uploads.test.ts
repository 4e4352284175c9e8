import t from 'tap';
import type { Uploader } from '../../../src/downstream/upload.ts';
import { Uploads } from '../../../src/downstream/uploads.ts';
import { Scan } from '../../../src/protocol/bytes.ts';
import { argText } from '../../../src/protocol/request.ts';
import { RequestScanner } from '../../../src/protocol/request-scanner.ts';
import { NO_NODE } from '../../../src/routing/topology.ts';
import type { Lane } from '../../../src/upstream/lane-contract.ts';
import type { LeaseTaker } from '../../../src/upstream/leases.ts';
import type { ReplyTarget } from '../../../src/upstream/target.ts';
import { Intake, type IntakeOwner } from '../../../src/util/intake.ts';
import type { OutBuffer } from '../../../src/util/out-buffer.ts';
import { encode } from '../../support/resp.ts';
import { Waiter } from '../upstream/helpers.ts';

const KIB = 1024;
const MIB = KIB * KIB;

/** Takes whole requests, and remembers who asks for a lease. */
class Node {
  readonly node = 'a';
  readonly got: Buffer[] = [];
  readonly line: LeaseTaker[] = [];

  sendCollected(request: OutBuffer, _target: ReplyTarget, _token: number): void {
    request.flush({
      writableLength: 0,
      writeChunk: (chunk, size) => this.got.push(Buffer.from(chunk.subarray(0, size))),
      writeAll: (list, done) => {
        this.got.push(Buffer.concat(list));
        done();
      },
    });
  }
  lease(taker: LeaseTaker): void {
    this.line.push(taker);
  }
  cancel(taker: LeaseTaker): void {
    this.line.splice(this.line.indexOf(taker), 1);
  }
}

/** Reads as a session does: what is too large to be scanned whole goes through `uploads`. */
class Session extends Waiter implements Uploader, IntakeOwner {
  override readonly parts = this;
  readonly node = new Node();
  readonly lanes = { at: [this.node as unknown as Lane] };
  readonly intake = new Intake(this);
  readonly scanner = new RequestScanner({ bulkMax: 1e9 });
  readonly uploads = new Uploads(this, this.intake, this.scanner);
  /** Asked where the request goes, by what was known of it then. */
  readonly routed: string[] = [];
  readonly whole: string[] = [];
  readonly waits: boolean[] = [];
  inFlight = 0;
  opened = 0;
  goesTo = 0;

  constructor() {
    super(undefined, true);
  }
  get needed(): number {
    return this.scanner.needed;
  }
  open(): number {
    return ++this.opened;
  }
  onLaneReady(): void {}

  process(src: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && this.uploads.ready) {
      const start = at;
      const verdict = this.scanner.scan(src, at, to);
      at = this.scanner.next;
      if (verdict === Scan.MORE) return this.uploads.wanted ? this.uploads.some(src, at, to, (args) => this.#route(args)) : at;
      if (this.uploads.active) this.waits.push(this.uploads.last(src, start, at));
      else this.whole.push(argText(this.scanner, 1));
    }
    return at;
  }

  #route(argsDeclared: number): number {
    this.routed.push(`${argText(this.scanner, 1)} of ${argsDeclared}`);
    return this.goesTo;
  }

  /** Brings these bytes in reads of `step`. */
  read(bytes: Buffer, step = 16 * KIB): void {
    for (let at = 0; at < bytes.length; at += step) {
      const piece = Buffer.from(bytes.subarray(at, at + step));
      this.intake.accept(piece, piece.length);
      piece.fill('!');
    }
  }
}

const set = (key: string, size: number): Buffer => encode(['SET', key, Buffer.alloc(size, 'no two pieces are the same ')]);

t.test('from 32 KiB on a request passes in parts, as it came, however it is cut', async (t) => {
  for (const step of [1500, 4000, 16 * KIB, 64 * KIB - 1]) {
    const session = new Session();
    const [small, large, larger] = [set('small', 31 * KIB), set('large', 200 * KIB), set('larger', 300 * KIB)];
    session.read(Buffer.concat([small, large, small, larger]), step);
    t.strictSame(session.routed, ['large of 3', 'larger of 3'], 'asked once');
    t.strictSame(session.whole, ['small', 'small']);
    t.ok(session.node.got.length === 2 && session.node.got[0]?.equals(large) && session.node.got[1]?.equals(larger), `reads of ${step}`);
    t.strictSame([session.waits, session.opened], [[false, false], 2]);
    t.notOk(session.uploads.active || session.intake.streaming);
    t.equal(session.uploads.collectedBytes + session.intake.carry.length, 0);
  }
});

t.test('while it comes', async (t) => {
  const session = new Session();
  const request = set('k', 100 * KIB);
  session.read(request.subarray(0, 50 * KIB));
  t.ok(session.uploads.active && session.uploads.ready && session.uploads.wanted && session.intake.streaming);
  t.equal(session.uploads.collectedBytes, 50 * KIB, 'nothing is kept elsewhere');
  t.equal(session.intake.carry.length, 0);
  session.read(request.subarray(50 * KIB));
  t.ok(session.node.got[0]?.equals(request));
});

t.test('where its node is not known it is read whole', async (t) => {
  const session = new Session();
  session.goesTo = NO_NODE;
  session.read(set('k', 100 * KIB));
  t.strictSame([session.whole, session.node.got, session.opened], [['k'], [], 0]);
  t.ok(session.routed.length > 0);
  t.notOk(session.uploads.active || session.intake.streaming);
});

t.test('one that cannot go on as it came is read whole', async (t) => {
  const session = new Session();
  session.read(Buffer.from(`*3\r\n$3\r\nSET!!$1\r\nk\r\n$${50 * KIB}\r\n${'x'.repeat(50 * KIB)}\r\n`));
  t.strictSame([session.routed, session.whole], [[], ['k']], 'its line ends are put right');
});

t.test('above a mebibyte it stops, and asks for its lease as soon as nothing is in flight', async (t) => {
  const session = new Session();
  session.inFlight = 1;
  const request = set('k', 1.5 * MIB);
  session.read(request.subarray(0, MIB + 10 * KIB));
  t.notOk(session.uploads.ready);
  t.equal(session.node.line.length, 0);
  session.inFlight = 0;
  session.uploads.advance();
  session.uploads.advance();
  t.equal(session.node.line.length, 1);
  t.equal(session.opened, 1);
});

t.test('a part brings the lease about, where nothing is in flight', async (t) => {
  const session = new Session();
  session.read(set('k', 1.5 * MIB).subarray(0, MIB + 64 * KIB));
  t.equal(session.node.line.length, 1);
  t.notOk(session.uploads.ready);
});

t.test('the rest will not come: nothing is left, nobody waits in line', async (t) => {
  const session = new Session();
  session.read(set('k', 1.5 * MIB).subarray(0, MIB + 64 * KIB));
  session.uploads.abort();
  t.equal(session.node.line.length, 0);
  t.notOk(session.uploads.active);
  t.ok(session.uploads.ready);
  t.equal(session.uploads.collectedBytes, 0);
  session.uploads.abort();
  session.uploads.advance();
  t.equal(session.opened, 1);
});
