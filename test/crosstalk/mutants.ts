/** One change to built code: `find` stands in the file exactly once. */
export interface Edit {
  /** Below dist/src. */
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

export interface Mutant {
  readonly name: string;
  /** What goes wrong with it, and why that must be noticed. */
  readonly reason: string;
  readonly edits: readonly Edit[];
}

const connection = (find: string, put: string): Edit => ({ file: 'upstream/connection.js', find, put });
const inFlight = (find: string, put: string): Edit => ({ file: 'upstream/in-flight-queue.js', find, put });
const replyQueue = (find: string, put: string): Edit => ({ file: 'downstream/reply-queue.js', find, put });
const replyStream = (find: string, put: string): Edit => ({ file: 'upstream/reply-stream.js', find, put });
const dispatcher = (find: string, put: string): Edit => ({ file: 'downstream/dispatcher.js', find, put });

const TAKE_HEAD = 'const place = queue.head++ & queue.mask;';
const takeBehind = (gone: string): string =>
  `while (queue.head + 1 < this.#written && ${gone}) { queue.head++; counters.dropped++; } ${TAKE_HEAD}`;
const CONSTRUCTED = 'this.#options = options;';
/** Keeps a field of the last connection to the same node. */
const inherit = (field: string): string =>
  `${CONSTRUCTED} globalThis.kept ??= new Map(); this.${field} = globalThis.kept.get(options.node) ?? this.${field}; globalThis.kept.set(options.node, this.${field});`;

/** Deliberate faults in keyfan, each of which the harness has to find. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no tombstone on disconnect',
    reason: 'the late reply to a client that has left goes to whoever is next',
    edits: [
      {
        file: 'downstream/session.js',
        find: '    open(gathers = false) {',
        put: '    get gone() { return this.#ended; }\n    open(gathers = false) {',
      },
      connection(TAKE_HEAD, takeBehind('queue.targets[queue.head & queue.mask]?.gone')),
    ],
  },
  {
    name: 'no tombstone on timeout',
    reason: 'the late reply to a request that was answered with a timeout goes to whoever is next',
    edits: [connection(TAKE_HEAD, takeBehind('queue.targets[queue.head & queue.mask] === null'))],
  },
  {
    name: 'late reply delivered',
    reason: 'a request that was answered with a timeout is answered again',
    edits: [inFlight('this.targets[place] = null;\n            count++;', 'count++;')],
  },
  {
    name: '*0 counted as a request',
    reason: 'Redis gives no reply to it: one that comes shifts all that follow',
    edits: [
      {
        file: 'protocol/request-scanner.js',
        find: 'if (count <= 0) {',
        put: 'if (count <= 0) { this.next = this.#headerEnd; this.#loose = false; return Scan.FRAME;',
      },
    ],
  },
  {
    name: 'scanner survives a reconnect',
    reason: 'the first reply of the new connection is read as the rest of the half one that the old connection died with',
    edits: [connection(CONSTRUCTED, inherit('#scanner'))],
  },
  {
    name: 'bytes survive a reconnect',
    reason: 'what was answered as not executed is sent all the same, and its reply goes to whoever is next',
    edits: [connection(CONSTRUCTED, inherit('#out')), connection('this.#out.clear();', '')],
  },
  {
    name: 'fragments swapped',
    reason: "the fragments of an MGET are taken for one another's",
    edits: [dispatcher('fanOut, i, false)', 'fanOut, fragments - 1 - i, false)')],
  },
  {
    name: 'order lost in a merge',
    reason: 'elements come in the order of the nodes, not of the keys',
    edits: [
      {
        file: 'downstream/collected.js',
        find: 'ORDER_AT, ORDER_AT + size);',
        put: 'ORDER_AT, ORDER_AT + size); new Uint16Array(this.#block.buffer, this.#block.byteOffset, keys).sort();',
      },
    ],
  },
  {
    name: 'view kept over a reused buffer',
    reason: "a fragment's reply is overwritten by the next read before it is merged",
    edits: [
      {
        file: 'downstream/collected.js',
        find: 'if (given || this.#end + size > BLOCK_MAX)',
        put: 'if (true)',
      },
      {
        file: 'downstream/collected.js',
        find: 'given ? buf.subarray(start, end) : takeRoom(end - start);',
        put: 'buf.subarray(start, end);',
      },
    ],
  },
  {
    name: 'chunk reused before it was merged',
    reason: 'a reply that was left where it lay is overwritten while those of other nodes are waited for',
    edits: [{ file: 'downstream/collected.js', find: 'this.#chunks.push(chunk);', put: 'giveLater(chunk);' }],
  },
  {
    name: 'block reused before it was merged',
    reason: 'what is collected of one request is overwritten by the next one',
    edits: [
      {
        file: 'downstream/collected.js',
        find: 'this.#bounds[2 * fragment] = at;',
        put: 'this.#bounds[2 * fragment] = at; if (fragment === 0) giveChunk(this.#block);',
      },
    ],
  },
  {
    name: 'chunk reused before it was sent',
    reason: 'what the kernel has not taken yet is overwritten with what is for others',
    edits: [
      {
        file: 'util/socket-sink.js',
        find: 'this.#wait(bytes.length, bytes, chunk === null ? undefined : () => giveChunk(chunk));',
        put: 'this.#wait(bytes.length, bytes, undefined); if (chunk !== null) giveChunk(chunk);',
      },
      {
        file: 'util/out-buffer.js',
        find: 'sink.writeAll(full, () => {',
        put: 'queueMicrotask(() => { for (const chunk of closed.splice(0)) giveChunk(chunk); }); sink.writeAll(full, () => {',
      },
    ],
  },
  {
    name: 'chunk read into after it was handed on',
    reason: 'parts of a large reply that wait for the client are overwritten by the next ones',
    edits: [{ file: 'util/intake.js', find: 'this.#handedOn = true;', put: '' }],
  },
  {
    name: 'half a reply taken for a whole one',
    reason: 'what waits behind a large reply that came early in parts is sent into the middle of it',
    edits: [replyQueue('if (size === PARTLY) {', 'if (false) {')],
  },
  {
    name: 'stream goes on behind a lost node',
    reason: 'what follows the first parts of a reply that was cut off is read as the rest of it',
    edits: [replyStream('this.#target?.parts?.onCutOff(this.#token);', '')],
  },
  {
    name: 'stash moved without its places',
    reason: 'replies that wait for their turn are looked for where others are',
    edits: [replyQueue('this.#at[place] = stash.keep(', 'stash.keep(')],
  },
  {
    name: 'stash given up too early',
    reason: 'replies that wait for their turn are overwritten with those of others',
    edits: [replyQueue('if (this.#stash.live === 0)', '')],
  },
  {
    name: 'reply queue off by one',
    reason: 'a reply that comes early is put behind the next one',
    edits: [replyQueue('if (token !== this.#head) {', 'if (token !== this.#head) { if (token + 1 !== this.#tail) token++;')],
  },
  {
    name: 'in-flight queue grows wrongly',
    reason: 'owners are mixed up when many requests are in flight',
    edits: [inFlight('tokens[i & mask] = this.tokens[i & this.mask];', 'tokens[i & mask] = this.tokens[i & (this.mask >> 1)];')],
  },
  {
    name: 'unsolicited reply accepted',
    reason: 'a connection that has lost its step goes on being used',
    edits: [connection('#desync(detail) {', "#desync(detail) { if (detail.startsWith('reply without')) return;")],
  },
  {
    name: 'in-flight not failed on reconnect',
    reason: 'clients wait for ever, and the books do not balance',
    edits: [inFlight('if (target !== null)\n                report(target, tokens[i], head + i);', '')],
  },
  {
    name: 'a request repeated',
    reason: 'one in 5000 is sent twice and the second reply dropped: only the node notices',
    edits: [
      connection(
        'this.#out.append(buf, start, end, given);',
        'this.#out.append(buf, start, end, given); if (this.#counters.sent % 5000 === 0) { this.#inFlight.push(null, 0, clock.now); this.#counters.sent++; this.#out.append(buf, start, end, false); }',
      ),
    ],
  },
];
