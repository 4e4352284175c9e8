import type { Random } from '../support/random.ts';

/**
 * Requests as templates, a line each. Words stand for themselves, but
 *
 *   <s> <l> <h> <e> <z> <x> <any>   a key that is used for strings, lists, hashes, sets, sorted sets, streams, or one of these
 *   <v> <m> <f> <i> <n> <d> <id>    a value, a member or field, a float, an integer, a small count, a bit offset, a stream id
 *   (A|B|)                          one of these, each of which may be several words
 *   [ … ]                           one to three times
 *
 * What the order of a hash table, a clock or chance decides is left out, or compared without order: see `UNORDERED`. Ranges by
 * name of members whose scores differ are whole ones or none: where they begin in a skip list, chance decides.
 */
export const TEMPLATES: readonly string[] = `
SET <s> <v>
SET <s> <v> (NX|XX|GET|NX GET|KEEPTTL|EX 1000|PX 100000|EXAT 99999999999|NX XX|EX 0|EX x|FOO)
SETNX <s> <v>
SETEX <s> (1000|0|x) <v>
PSETEX <s> (100000|-1) <v>
GETSET <any> <v>
GETDEL <any>
GETEX <s> (PERSIST|EX 1000|EXAT 99999999999|FOO|)
APPEND <s> <v>
STRLEN <any>
GETRANGE <s> <i> <i>
SUBSTR <s> <i> <i>
SETRANGE <s> (0|3|10|-1) <v>
INCR <s>
DECR <any>
INCRBY <s> <i>
DECRBY <s> (<i>|x|9223372036854775807)
INCRBYFLOAT <s> <f>
MSET [<s> <v>]
MSETNX [<s> <v>]
MGET [<any>]
GET <any>
LCS <s> <s> (LEN|IDX|IDX WITHMATCHLEN|)
SETBIT <s> <d> (0|1|2)
GETBIT <s> <d>
BITCOUNT <s> (0 -1|1 2 BIT|0 0 BYTE|x|)
BITPOS <s> (0|1) (0|1 -1|0 5 BIT|)
BITOP (AND|OR|XOR|FOO) <s> [<s>]
BITOP NOT <s> <s>
BITFIELD <s> (SET u8 0 255|GET i5 3|INCRBY u4 #1 3|OVERFLOW SAT INCRBY i8 0 100|OVERFLOW FAIL INCRBY u2 0 3|GET x 0)
BITFIELD_RO <s> GET u8 0
PFADD <s> [<m>]
PFCOUNT [<s>]
PFMERGE <s> [<s>]
LPUSH <l> [<v>]
RPUSH <l> [<v>]
LPUSHX <any> <v>
RPUSHX <l> <v>
LPOP <l> (<n>|)
RPOP <any> (<n>|-1|x|)
LLEN <any>
LRANGE <l> <i> <i>
LINDEX <l> <i>
LSET <l> <i> <v>
LREM <l> <i> <v>
LTRIM <l> <i> <i>
LINSERT <l> (BEFORE|AFTER|FOO) <v> <v>
LPOS <l> <v> (RANK -1|COUNT 0|MAXLEN 2|RANK 0|)
LMOVE <l> <l> (LEFT|RIGHT) (LEFT|RIGHT|UP)
RPOPLPUSH <l> <l>
LMPOP 2 <l> <l> (LEFT|RIGHT|LEFT COUNT 2|)
BLPOP <l> <l> 0.01
BRPOP <l> (0.01|x|-1)
BLMOVE <l> <l> LEFT RIGHT 0.01
BLMPOP 0.01 1 <l> LEFT
HSET <h> [<m> <v>]
HSET <any> <m>
HMSET <h> [<m> <v>]
HSETNX <h> <m> <v>
HGET <any> <m>
HMGET <h> [<m>]
HDEL <h> [<m>]
HGETALL <h>
HKEYS <h>
HVALS <any>
HLEN <h>
HEXISTS <h> <m>
HSTRLEN <h> <m>
HINCRBY <h> <m> <i>
HINCRBYFLOAT <h> <m> <f>
HSCAN <h> 0 (COUNT 10|MATCH *|FOO|)
SADD <e> [<m>]
SREM <e> [<m>]
SCARD <any>
SISMEMBER <e> <m>
SMISMEMBER <e> [<m>]
SMEMBERS <any>
SMOVE <e> <e> <m>
SINTER [<e>]
SUNION [<e>]
SDIFF [<e>]
SINTERSTORE <e> [<e>]
SUNIONSTORE <e> [<e>]
SDIFFSTORE <e> [<any>]
SINTERCARD 2 <e> <e> (LIMIT 1|)
ZADD <z> (NX|XX|GT|LT|CH|GT CH|NX GT|) [<f> <m>]
ZADD <z> INCR <f> <m>
ZADD <any> x <m>
ZREM <z> [<m>]
ZCARD <any>
ZSCORE <z> <m>
ZMSCORE <z> [<m>]
ZINCRBY <z> <f> <m>
ZRANK <z> <m>
ZREVRANK <z> <m>
ZCOUNT <z> (-inf +inf|1 5|x y)
ZLEXCOUNT <z> - +
ZRANGE <z> <i> <i> (WITHSCORES|REV|)
ZRANGE <z> (-inf +inf BYSCORE|+inf -inf BYSCORE REV|- + BYLEX|- + BYLEX LIMIT 0 2|+ - BYLEX|a z BYLEX)
ZREVRANGE <z> <i> <i> WITHSCORES
ZRANGEBYSCORE <z> -inf +inf (WITHSCORES|LIMIT 0 2|)
ZREVRANGEBYSCORE <z> +inf -inf
ZRANGEBYLEX <z> - +
ZRANGESTORE <z> <z> <i> <i>
ZPOPMIN <z> (<n>|)
ZPOPMAX <any>
ZMPOP 1 <z> (MIN|MAX|MIN COUNT 3)
BZPOPMIN <z> <z> 0.01
BZMPOP 0.01 2 <z> <z> MAX
ZREMRANGEBYRANK <z> <i> <i>
ZREMRANGEBYSCORE <z> (0 2|x y)
ZREMRANGEBYLEX <z> (- +|+ -|- -|a c)
ZUNION 2 <z> <z> (WITHSCORES|WEIGHTS 2 3|AGGREGATE MAX WITHSCORES|)
ZINTER 2 <z> <e> WITHSCORES
ZDIFF 2 <z> <z> WITHSCORES
ZUNIONSTORE <z> 2 <z> <z> (WEIGHTS 1 2|AGGREGATE MIN|)
ZINTERSTORE <z> 2 <z> <z>
ZDIFFSTORE <z> 2 <z> <z>
ZINTERCARD 2 <z> <z>
ZSCAN <z> 0
GEOADD <z> [13.<n> 38.<n> <m>]
GEODIST <z> <m> <m> (km|foo|)
GEOPOS <z> [<m>]
GEOHASH <z> <m>
GEOSEARCH <z> FROMLONLAT 13 38 BYRADIUS 500 km ASC (COUNT 2|WITHCOORD|WITHDIST|)
GEOSEARCHSTORE <z> <z> FROMLONLAT 13 38 BYBOX 500 500 km
GEORADIUS_RO <z> 13 38 500 km ASC
XADD <x> (<id>|NOMKSTREAM <id>|MAXLEN 5 <id>|MINID ~ 3 <id>) [<m> <v>]
XADD <any> <id> <m>
XLEN <any>
XRANGE <x> - + (COUNT 2|)
XREVRANGE <x> + - (COUNT 2|)
XDEL <x> [<id>]
XTRIM <x> (MAXLEN 3|MINID 2|FOO 1)
XREAD COUNT 3 STREAMS <x> <x> 0 0
XREAD BLOCK 10 STREAMS <x> $
XREAD STREAMS <x> (0|x|)
XGROUP CREATE <x> g (0|$|0 MKSTREAM)
XGROUP CREATECONSUMER <x> g c
XGROUP SETID <x> g 0
XGROUP DELCONSUMER <x> g c
XGROUP DESTROY <x> g
XREADGROUP GROUP g c COUNT 2 STREAMS <x> >
XREADGROUP GROUP g c STREAMS <x> 0
XACK <x> g [<id>]
XPENDING <x> g
XSETID <x> 99-1
XINFO GROUPS <any>
XAUTOCLAIM <x> g d 0 0 COUNT 1
DEL [<any>]
UNLINK [<any>]
EXISTS [<any>]
TOUCH [<any>]
TYPE <any>
RENAME <any> <any>
RENAMENX <s> <s>
COPY <any> <any> (REPLACE|)
PERSIST <any>
EXPIRE <any> (100000|x|100000 NX|100000 GT)
EXPIREAT <any> (99999999999|99999999999 XX)
OBJECT ENCODING <any>
OBJECT REFCOUNT <l>
OBJECT FOO <any>
DUMP <s>
RESTORE <s> 0 <v>
SORT <l> (ALPHA|ALPHA DESC|LIMIT 0 2 ALPHA|BY nosort|ALPHA STORE <l>|FOO|)
SORT <l> BY <s>* GET <s>* GET # (ALPHA|DESC|STORE <l>|)
SORT_RO <z> (ALPHA|)
DBSIZE x
GET
GET <s> <s>
SET <s>
NOSUCH <s> <v>
CONFIG NOSUCH
OBJECT
XGROUP NOSUCH <x>
ECHO <v>
PING (<v>|)
COMMAND COUNT x
MEMORY USAGE <any> SAMPLES x
WAIT 0 1
PUBLISH <s> <v>
CLIENT GETNAME
CLIENT SETNAME (one|two words x)
`
  .trim()
  .split('\n');

/** Templates of scripts: routed by the keys that they declare. */
export const SCRIPTS: readonly string[] = [
  "return redis.call('get',KEYS[1])",
  "return redis.call('set',KEYS[1],ARGV[1])",
  "return {1,2,{3,'x'},KEYS[1],ARGV[1]}",
  "return redis.error_reply('MY error')",
  "return redis.call('incr',KEYS[1])",
  'return {ok="fine"}',
  'return 3.7',
  'return nil',
  'this is no lua',
  "redis.setresp(3) return redis.call('hgetall',KEYS[1])",
];

/** Commands whose arrays come in the order of a hash table, which is another in every process. */
export const UNORDERED: ReadonlySet<string> = new Set(['SMEMBERS', 'SUNION', 'SINTER', 'SDIFF', 'HSCAN', 'ZSCAN']);

const KINDS: Readonly<Record<string, number>> = { s: 6, l: 4, h: 3, e: 4, z: 4, x: 3 };
const VALUES = [
  '',
  '0',
  '1',
  '10',
  '-5',
  'abc',
  'x y',
  '\r\n',
  '\0\xff\x80',
  '3.5',
  '9223372036854775807',
  'a'.repeat(60),
  '*1\r\n$1\r\nx\r\n',
];
const FLOATS = ['0', '1', '1.5', '-2.25', '3e2', 'inf', '-inf', 'nan', 'x', '100'];
const INTEGERS = ['0', '1', '2', '-1', '-2', '5', '-100', '100', 'x'];
const OFFSETS = ['0', '1', '7', '8', '100', '-1', '4294967296'];

/** One request of a template; `tag` keeps all keys on one node. */
export function requestOf(template: string, random: Random, tag: string): Buffer[] {
  let text = template;
  // Innermost first, so that what is chosen or repeated is expanded as well.
  text = text.replace(/\[([^[\]]*<[^[\]]*)\]/g, (_, body: string) => Array.from({ length: 1 + random.below(3) }, () => body).join(' '));
  text = text.replace(/\(([^()]*\|[^()]*)\)/g, (_, body: string) => random.pick(body.split('|')));
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) =>
      Buffer.from(
        word.replace(/<(\w+)>/g, (_, kind: string) => fill(kind, random, tag)),
        'latin1',
      ),
    );
}

function fill(kind: string, random: Random, tag: string): string {
  if (kind in KINDS) return `{${tag}}${kind}${random.below(KINDS[kind] as number)}`;
  switch (kind) {
    case 'any':
      return fill(random.pick(Object.keys(KINDS)), random, tag);
    case 'v':
      return random.pick(VALUES);
    case 'm':
      return `${random.pick(['a', 'b', 'c', 'd', 'bin\xff\0', ''])}`;
    case 'f':
      return random.pick(FLOATS);
    case 'i':
      return random.pick(INTEGERS);
    case 'n':
      return String(random.below(4));
    case 'd':
      return random.pick(OFFSETS);
    case 'id':
      return `${random.below(12)}-${random.below(3)}`;
    default:
      throw new Error(`no <${kind}>`);
  }
}
