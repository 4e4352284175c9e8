// A partitioning strategy of your own: weighted rendezvous hashing (highest random weight).
//
// Use it by its path, relative to the config file; what stands beside `type` is handed to build() as options:
//
//     strategy: { type: ./my-strategy.js, seed: 7 }
//
// How it places a key: the key is hashed once with each node's name, each hash becomes a score, the best score wins. Taking a
// node out moves only the keys it had; a node of weight 2 gets twice the keys. It costs one multiplication and one
// logarithm per node and key, so it suits pools of up to some dozens of nodes.

/** @type {import('keyfan/strategy').UserStrategy<{ seed?: number }>} */
const rendezvous = {
  // Shown in messages. Left out, it is the module's path.
  type: 'rendezvous',

  // keyed: a key has one home. any: every node may serve every key (pure caches).
  placement: 'keyed',

  // May the health checks take nodes out (auto_eject)? build() is then called again with the nodes that are left.
  ejectable: true,

  // `options` may be a zod schema. Left out, as here, options come as they are written in the config: check them in build().

  // Called at start and whenever the list of nodes changes; never empty. Throw an Error where nodes and options do not fit.
  // A node has a name (its identity: never hash addresses, they change), a weight and more; see `RingNode` in keyfan/strategy.
  build(nodes, options) {
    const seed = options.seed ?? 0;
    if (!Number.isInteger(seed)) throw new Error(`seed must be an integer, got ${seed}`);
    const seeds = nodes.map((node) => fnv1a(Buffer.from(node.name), 0, Buffer.byteLength(node.name), 0x811c9dc5 ^ seed));

    return {
      // The integers locate() may return: here one for each node …
      partitions: nodes.length,
      // … and for each of them the position of the owning node in `nodes`.
      owners: Uint16Array.from(nodes.keys()),

      // Called for every key. The key is buf[start, end): bytes, maybe binary, maybe empty, in a buffer that holds other things too.
      // Pure: the same bytes must always give the same answer. Do not keep or change buf, and allocate nothing if you can.
      locate(buf, start, end) {
        const hash = fnv1a(buf, start, end, 0x811c9dc5);
        let best = 0;
        let bestScore = -1;
        for (let i = 0; i < seeds.length; i++) {
          // A number in (0, 1), then -weight / ln(it): the formula that makes the winners' shares equal the weights.
          const uniform = (mix(hash ^ seeds[i]) + 0.5) / 2 ** 32;
          const score = -nodes[i].weight / Math.log(uniform);
          if (score > bestScore) {
            best = i;
            bestScore = score;
          }
        }
        return best;
      },

      // Optional: the steps `keyfan route --explain` prints.
      explain: (key) => [`fnv1a: ${fnv1a(key, 0, key.length, 0x811c9dc5)}`, `best score among ${nodes.length} nodes`],
    };
  },
};

export default rendezvous;

/**
 * FNV-1a, 32 bits.
 * @param {Uint8Array} buf
 * @param {number} start
 * @param {number} end
 * @param {number} init
 */
function fnv1a(buf, start, end, init) {
  let hash = init;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ buf[i], 0x01000193);
  return hash >>> 0;
}

/**
 * Spreads every bit of x over all 32 (the finalizer of MurmurHash3).
 * @param {number} x
 */
function mix(x) {
  let h = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
