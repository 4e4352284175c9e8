import { Scan } from '../../src/protocol/bytes.ts';
import { ReplyScanner } from '../../src/protocol/reply-scanner.ts';
import { RequestScanner } from '../../src/protocol/request-scanner.ts';
import { encode } from '../../test/support/resp.ts';
import { measure, type Result, type Work } from './harness.ts';

const KEY = 'key:000000012345';

/** One operation is one frame; the buffer holds as many as a read of a pipelining client brings. */
const REQUESTS: Readonly<Record<string, Buffer>> = {
  'request GET': encode(['GET', KEY]),
  'request SET 3 B': encode(['SET', KEY, 'xxx']),
  'request SET 1 KiB': encode(['SET', KEY, 'x'.repeat(1024)]),
  'request MGET 100': encode(['MGET', ...Array.from({ length: 100 }, () => KEY)]),
  'request inline PING': Buffer.from('PING\r\n'),
};

const REPLIES: Readonly<Record<string, Buffer>> = {
  'reply +OK': Buffer.from('+OK\r\n'),
  'reply 3 B': Buffer.from('$3\r\nxxx\r\n'),
  'reply 1 KiB': Buffer.from(`$1024\r\n${'x'.repeat(1024)}\r\n`),
  'reply array of 100': Buffer.from(`*100\r\n${'$3\r\nxxx\r\n'.repeat(100)}`),
};

const FRAMES = 64;

export function scannerResults(): Result[] {
  return [
    ...Object.entries(REQUESTS).map(([name, frame]) => measure(name, requestWork(frame))),
    ...Object.entries(REPLIES).map(([name, frame]) => measure(name, replyWork(frame))),
  ];
}

const filled = (frame: Buffer): Buffer => Buffer.concat(Array.from({ length: FRAMES }, () => frame));

function requestWork(frame: Buffer): Work {
  const bytes = filled(frame);
  const scanner = new RequestScanner({ bulkMax: 512 * 1024 * 1024 });
  return (operations) => {
    let sum = 0;
    let at = 0;
    for (let i = 0; i < operations; i++) {
      if (scanner.scan(bytes, at, bytes.length) !== Scan.FRAME) throw new Error(`no frame: ${scanner.error}`);
      sum += scanner.argc + scanner.limit;
      at = scanner.next === bytes.length ? 0 : scanner.next;
    }
    return sum;
  };
}

function replyWork(frame: Buffer): Work {
  const bytes = filled(frame);
  const scanner = new ReplyScanner();
  return (operations) => {
    let sum = 0;
    let at = 0;
    for (let i = 0; i < operations; i++) {
      if (scanner.scan(bytes, at, bytes.length) !== Scan.FRAME) throw new Error(`no frame: ${scanner.error}`);
      sum += scanner.next;
      at = scanner.next === bytes.length ? 0 : scanner.next;
    }
    return sum;
  };
}
