import type { BlocksName, FleetName, GuardName, LocalName, SplitName } from './row.ts';

/**
 * What keyfan does with each command where the rule "keys lead to a shard, everything else is refused" is not enough.
 * Names are separated by spaces; the name of a container stands for all its subcommands that are not named themselves.
 * Every entry has its reason; the reason of a refusal is also what the client reads.
 */
type Entry<Value> = readonly [value: Value, names: string, reason: string];

export const LOCAL: readonly Entry<LocalName>[] = [
  ['ping', 'ping', 'asks whether the proxy lives; a dead node must not make it look dead'],
  ['echo', 'echo', 'needs no node'],
  ['quit', 'quit', 'ends the session, not the shared connection'],
  ['time', 'time', 'one clock for all clients of this endpoint'],
  ['command', 'command', 'the table here is what keyfan lets pass, whatever single nodes know'],
  [
    'client',
    'client client|getname client|setname client|id client|info client|setinfo client|no-evict client|no-touch client|capa client|help ' +
      'client|list client|kill client|unblock client|pause client|unpause client|reply client|getredir client|trackinginfo client|tracking client|caching',
    "facts about the session, which the node's connection does not share",
  ],
  ['hello', 'hello', 'protocol and user are those of the session'],
  ['auth', 'auth', 'the client authenticates to keyfan, keyfan to the nodes'],
  ['whoami', 'acl|whoami', 'who the client is to keyfan; the nodes know keyfan only'],
  ['select', 'select', 'would change the database of everybody on the shared connection'],
  ['reset', 'reset', 'concerns the session only'],
  ['keyfan', 'keyfan', 'it is about keyfan'],
  ['monitor', 'monitor', 'the requests of the clients of the pool, without their secrets'],
  ['info', 'info', 'about keyfan, with sums over all nodes; INFO NODE tells of one'],
];

export const SPLIT: readonly Entry<SplitName>[] = [
  ['mget', 'mget', 'each value comes from the node that has the key'],
  ['mset', 'mset', 'Redis promises atomicity only within one node; nutcracker splits it, too'],
  ['sum', 'del unlink exists touch', 'the reply is a count of keys, so counts can be added'],
];

export const ANY: readonly (readonly [names: string, reason: string])[] = [
  ['lolwut acl|cat acl|genpass', 'no key, and the same on every node'],
  [
    'object|help xinfo|help xgroup|help memory|help script|help function|help pubsub|help acl|help config|help slowlog|help latency|help',
    'a constant text',
  ],
  ['function|list function|dump', 'every node has the same libraries'],
];

export const GUARDED: readonly Entry<GuardName>[] = [
  ['near_sort_patterns', 'sort sort_ro', 'BY and GET patterns only where a hash tag before the `*` keeps their keys on the node'],
];

/** On a connection of the session's own, behind a fence: the text of a script's error may look like further replies. */
export const SCRIPTS: readonly (readonly [names: string, reason: string])[] = [
  ['eval evalsha eval_ro evalsha_ro fcall fcall_ro', 'a script is routed by the keys that it declares'],
];

/** On a connection of the session's own, which may be kept for as long as the client likes. */
export const BLOCKING: readonly (readonly [names: string, reason: string])[] = [
  ['blpop brpop brpoplpush blmove blmovem blmpop bzpopmin bzpopmax bzmpop', 'it would hold up the shared connection'],
];

export const MAY_BLOCK: readonly Entry<BlocksName>[] = [
  ['block_option', 'xread xreadgroup', 'with BLOCK they would hold up the shared connection; without it they are plain reads'],
];

export const TRANSACTIONS: readonly (readonly [names: string, reason: string])[] = [
  ['multi exec discard watch unwatch', 'queued by keyfan and sent as one piece to the node of the keys'],
];

/** All nodes get the request, and keyfan makes one reply of theirs. */
export const FLEET: readonly Entry<FleetName>[] = [
  ['scan', 'scan', 'node after node; the cursor says where it goes on'],
  ['random_key', 'randomkey', 'every key is as likely as any other'],
  ['concat', 'keys', 'each key is on one node'],
  ['sum', 'dbsize', 'each key is on one node'],
  ['agree', 'flushall flushdb swapdb', 'the keys of all nodes'],
  ['min', 'lastsave', 'what is saved on all nodes'],
  ['agree', 'script|load script|flush function|load function|delete function|flush function|restore', 'any node may be asked to run it'],
  ['min_each', 'script|exists', 'it exists where all nodes have it'],
  ['union', 'pubsub|channels pubsub|shardchannels', 'each channel is on one node, but keyspace channels are on all'],
  ['subscribers', 'pubsub|numsub pubsub|shardnumsub', 'subscribers of all nodes'],
  ['min', 'pubsub|numpat', 'a pattern counts once it is subscribed to on all nodes'],
  ['killed', 'script|kill function|kill', 'it runs on one node'],
  ['running', 'function|stats', 'every node has the same libraries, one may run a function'],
  ['texts', 'memory|doctor memory|malloc-stats', 'what each node says, under its name'],
];

/** The same, for commands that manage the nodes: only where `admin_commands` of the pool allows it. */
export const ADMIN: readonly Entry<FleetName>[] = [
  ['joined', 'config|get', 'where nodes differ, the values of all are shown'],
  ['agree', 'config|set config|resetstat config|rewrite', 'the nodes of a pool are configured alike'],
  ['slowlog', 'slowlog|get', 'the newest entries of all nodes'],
  ['events', 'latency|latest', 'the last and the longest of all nodes'],
  ['history', 'latency|history', 'the entries of all nodes, by time'],
  ['texts', 'latency|doctor', 'what each node says, under its name'],
  ['sum', 'slowlog|len latency|reset', 'the entries of all nodes'],
  ['agree', 'slowlog|reset memory|purge save', 'each node does it'],
  ['debug', 'debug', 'each node does it; what concerns a key, its node'],
  ['first', 'bgsave bgrewriteaof', 'each node begins it, and says so in its own words'],
  ['agree', 'acl|setuser acl|save acl|load', 'the nodes of a pool have the same users'],
  ['most', 'acl|deluser', 'the nodes of a pool have the same users'],
  ['same', 'acl|list acl|users acl|getuser acl|dryrun', 'the nodes of a pool have the same users; where they differ it is an error'],
  ['log', 'acl|log', 'the entries of all nodes'],
];

/** On connections of the session's own to all nodes. */
export const WAIT: readonly (readonly [names: string, reason: string])[] = [
  ['wait waitaof', 'any node may have had writes of the client; the answer holds for all of them'],
];

export const PUBLISH: readonly (readonly [names: string, reason: string])[] = [
  ['publish spublish', 'a channel lives on the node that its name hashes to'],
];

/** On connections of the session's own, which its replies would else run through. */
export const PUBSUB: readonly (readonly [names: string, reason: string])[] = [
  ['subscribe unsubscribe', 'a channel lives on the node that its name hashes to'],
  ['psubscribe punsubscribe', 'the channels of a pattern live on all nodes'],
  ['ssubscribe sunsubscribe', 'a shard channel lives on the node that its name hashes to'],
];

export const REFUSED: readonly (readonly [names: string, reason: string])[] = [
  ['script|debug', 'it changes what the connection answers, and stops a node'],
  ['client|import-source', 'it changes what the connection answers, and keyfan shares its connections'],
  ['module shutdown', 'it manages a single node; connect to that node for it'],
  ['commandlog hotkeys backup', 'it measures or saves a single node; connect to that node for it'],
  ['replicaof slaveof failover role psync sync replconf', 'replication is not managed through keyfan'],
  ['cluster asking readonly readwrite restore-asking trimslots', 'clients see one endpoint, not a cluster; keyfan finds the node of a key'],
  ['migrate', 'keyfan decides where keys live; moved ones would not be found again'],
  ['config acl slowlog latency', 'its answers from several nodes do not make one; connect to a node for it'],
  ['memory|stats', "it measures a single node; 'INFO NODE name memory' tells of one"],
  ['pfdebug pfselftest', 'it is a test of Redis itself'],
  ['himport', 'it keeps state in the connection, and keyfan shares its connections'],
];

/** Behind every refusal that no entry above explains. */
export const REFUSED_UNLISTED = 'keyfan does not know how to route it';
export const REFUSED_CONTAINER = 'it needs a subcommand';

/**
 * In a `random` pool every node may hold a copy of a key. These take something away or change how long it lives; a copy on
 * another node would go on telling the old story, so they go to every node. Pops are not among them: each node would
 * give away another element.
 */
export const EVERYWHERE: readonly (readonly [names: string, reason: string])[] = [
  ['del unlink getdel delex delifeq move', 'the key goes'],
  ['expire pexpire expireat pexpireat persist getex', "the key's expiry changes"],
  ['hdel hgetdel srem smove zrem zremrangebylex zremrangebyrank zremrangebyscore lrem ltrim', 'members go'],
  ['hexpire hpexpire hexpireat hpexpireat hpersist hgetex', "fields' expiry changes"],
  ['xdel xdelex xtrim vrem ardel ardelrange', 'entries go'],
];
