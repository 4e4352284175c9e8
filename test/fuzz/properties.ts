import fc from 'fast-check';
import { splitInline } from '../../src/protocol/inline.ts';
import { parseReply, replyEnd } from '../support/resp.ts';
import { cuts, inlineLine, oddReplies, oddRequests, offsetsOf, requestStream, resp2Reply, resp3Reply } from './arbitraries.ts';
import { crumbs, cut, driveReplies, driveRequests, latin1 } from './drive.ts';
import { DEFAULT_LIMITS, inlineWords, readRequests } from './reference.ts';

const same = (actual: unknown, expected: unknown): boolean => JSON.stringify(actual) === JSON.stringify(expected);

/** Well-formed requests are read as they were meant, however they are cut and wherever they lie. */
export const requestsAreRead = fc.property(requestStream, cuts, fc.nat(40), fc.boolean(), (pieces, parts, base, gated) => {
  const all = latin1(pieces.map((piece) => piece.bytes).join(''));
  const { commands, error } = driveRequests(cut(all, offsetsOf(parts, all.length)), { gated, base: (turn) => (turn * base) % 41 });
  return (
    error === null &&
    same(
      commands,
      pieces.flatMap((piece) => (piece.words === null ? [] : [piece.words])),
    )
  );
});

const limits = fc.constantFrom(DEFAULT_LIMITS, { ...DEFAULT_LIMITS, authenticated: false }, { ...DEFAULT_LIMITS, bulkMax: 4 });

/** Odd bytes get the verdict of the reference, however they are cut; waiting for as many as are needed changes nothing. */
export const oddRequestsAreJudged = fc.property(oddRequests, cuts, limits, (bytes, parts, limits) => {
  const expected = readRequests(bytes, limits);
  const all = latin1(bytes);
  return [[all], crumbs(all), cut(all, offsetsOf(parts, all.length))].every((chunks) =>
    [false, true].every((gated) => same(driveRequests(chunks, { gated, limits, base: (turn) => turn % 7 }), expected)),
  );
});

/** Each RESP2 reply is found whole, and redis-parser reads it as exactly one. */
export const resp2RepliesAreFound = fc.property(
  fc.array(resp2Reply, { minLength: 1, maxLength: 6 }),
  cuts,
  fc.boolean(),
  (replies, parts, gated) => {
    const stream = latin1(replies.join(''));
    const { frames, error } = driveReplies(cut(stream, offsetsOf(parts, stream.length)), { gated, base: (turn) => turn % 17 });
    // It throws unless the frame is exactly one reply.
    for (const frame of frames) parseReply(latin1(frame), true);
    return error === null && same(frames, replies);
  },
);

export const resp3RepliesAreFound = fc.property(
  fc.array(resp3Reply, { minLength: 1, maxLength: 4 }),
  cuts,
  fc.boolean(),
  (replies, parts, gated) => {
    const stream = latin1(replies.join(''));
    const pieces = cut(stream, offsetsOf(parts, stream.length));
    const { frames, error } = driveReplies(pieces, { gated, base: (turn) => turn % 17 });
    if (!same(driveReplies(pieces, { gated, parts: true }), { frames, error })) return false;
    return error === null && same(frames, replies) && frames.every((frame) => replyEnd(latin1(frame)) === frame.length);
  },
);

/** The verdict over odd bytes does not depend on how they are cut. */
export const oddRepliesAreJudged = fc.property(oddReplies, cuts, (bytes, parts) => {
  const stream = latin1(bytes);
  const whole = driveReplies([stream]);
  const pieces = cut(stream, offsetsOf(parts, stream.length));
  return (
    same(driveReplies(pieces, { base: (turn) => turn % 5 }), whole) &&
    same(driveReplies(pieces, { parts: true }), whole) &&
    same(driveReplies(crumbs(stream)), whole)
  );
});

/** The words of an inline request that lies between other bytes. */
export function splitText(line: string): string[] | null {
  const words = splitInline(latin1(`"x ${line}" y`), 3, 3 + line.length);
  return words?.map((word) => word.toString('latin1')) ?? null;
}

export const inlineRequestsAreSplit = fc.property(inlineLine, (line) => same(splitText(line), inlineWords(line)));
