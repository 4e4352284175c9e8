/** What each program does, in this order and with a connection or two, before three nodes. It prints each name when that is done. */
export const SCENARIOS = {
  strings: 'MSET, MGET, EXISTS and DEL of 300 keys of all nodes, one that is missing among them; SET with options, APPEND, INCR',
  scan: 'SCAN over all nodes finds every key; DBSIZE',
  hashes: 'HSET, HGETALL, HMGET, HINCRBY, HSCAN',
  lists: 'RPUSH, LPUSH, LRANGE, LPOP; RPOPLPUSH between keys of one hash tag',
  sets: 'SADD, SMEMBERS, SISMEMBER; SINTER of keys of one hash tag',
  'sorted sets': 'ZADD, ZINCRBY, ZSCORE, by rank with scores and by score',
  streams: 'XADD, XRANGE, a group that reads and acknowledges; XREAD of streams of all nodes',
  binary: 'keys and values of every byte, braces, line ends and zeros',
  pipeline: '2000 requests to all nodes before the first reply is read; an error in its place among the replies',
  transaction: 'MULTI and EXEC with a hash tag; one with keys of several nodes is refused and does nothing',
  watch: 'EXEC runs where the watched key is as it was, and does not where another client has written it',
  scripts: 'EVAL; EVALSHA on every node and from another client after SCRIPT LOAD; NOSCRIPT; the error of a script',
  blocking: 'BLPOP until another client pushes; BRPOP until its timeout',
  pubsub: 'SUBSCRIBE, PSUBSCRIBE, what PUBLISH counts, UNSUBSCRIBE',
  errors: 'WRONGTYPE, CROSSSLOT, an unknown command, wrong arity; the connection serves on',
  databases: 'SELECT, and FLUSHALL of all of them',
} as const;
