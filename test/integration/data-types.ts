/**
 * Commands of every data type in one sequence that gives the same replies on every run. A line is a request; its last word may say
 * how replies are compared: `~` elements in any order, `?` shape only (clocks, memory), and `!` where Redis answers an error.
 */
export interface Step {
  readonly text: string;
  readonly args: readonly string[];
  readonly compare: 'bytes' | 'set' | 'shape';
  readonly error: boolean;
}

const LINES = `
# strings
SET s1 hello
GET s1
GET nosuch
APPEND s1 -world
STRLEN s1
GETRANGE s1 0 4
SUBSTR s1 1 3
SETRANGE s1 6 There
GET s1
SETNX s1 x
SETNX s2 x
SETEX s3 1000 v
PSETEX s4 1000000 v
TTL s3 ?
PTTL s4 ?
GETSET s1 new
GETDEL s2
GETEX s3 PERSIST
TTL s3
SET s5 1 NX GET
SET s5 2 XX GET
SET s5 3 EXAT 33177117420
EXPIRETIME s5
PEXPIRETIME s5
INCR s5
INCRBY s5 10
DECR s5
DECRBY s5 3
INCRBYFLOAT s5 0.5
INCR s1 !
INCR nosuchcounter
SET s1 !
SET s1 v EX 0 !
SET s1 v BADOPTION !
TYPE s1
TYPE nosuch
OBJECT ENCODING s1
OBJECT REFCOUNT s5
OBJECT IDLETIME s1 ?
OBJECT FREQ s1 !
OBJECT HELP
DUMP s1
EXISTS s1
TOUCH s1
EXPIRE s1 100000
EXPIRE s1 10 GT
EXPIREAT s1 33177117420
PEXPIRE s1 100000000
PEXPIREAT s1 33177117420000
PERSIST s1
PERSIST s1
MEMORY USAGE s1 ?
LCS {t}a {t}b
SET {t}a ohmytext
SET {t}b mynewtext
LCS {t}a {t}b
LCS {t}a {t}b IDX
UNLINK s4
DEL s5
DEL s5
# bitmaps
SETBIT b1 7 1
SETBIT b1 100 1
GETBIT b1 7
GETBIT b1 8
BITCOUNT b1
BITCOUNT b1 0 0
BITCOUNT b1 0 99 BIT
BITPOS b1 1
BITPOS b1 0 0
BITFIELD b1 SET u8 0 255 GET u8 0 INCRBY i5 100 1
BITFIELD_RO b1 GET u8 0
BITFIELD_RO b1 SET u8 0 1 !
SETBIT b1 -1 1 !
# hashes
HSET h1 f1 v1 f2 v2 f3 3
HGET h1 f1
HGET h1 nosuch
HMSET h1 f4 v4 f5 v5
HMGET h1 f1 nosuch f4
HGETALL h1
HKEYS h1
HVALS h1
HLEN h1
HSTRLEN h1 f1
HEXISTS h1 f1
HSETNX h1 f1 x
HINCRBY h1 f3 4
HINCRBYFLOAT h1 f3 1.5
HINCRBY h1 f1 1 !
HDEL h1 f5 nosuch
HSCAN h1 0
HSCAN h1 0 MATCH f1* COUNT 10
HSET hr only 1
HRANDFIELD hr
HRANDFIELD hr -2 WITHVALUES
HGETALL nosuch
HSET h1 f1 !
HGET s1 f !
# lists
RPUSH l1 a b c d e
LPUSH l1 z
LPUSHX l1 y
RPUSHX nosuch y
LLEN l1
LRANGE l1 0 -1
LRANGE l1 5 1
LINDEX l1 0
LINDEX l1 99
LSET l1 0 first
LSET l1 99 x !
LINSERT l1 BEFORE c b2
LINSERT l1 AFTER nosuch x
LPOS l1 c
LPOS l1 c COUNT 0
LREM l1 1 b2
LTRIM l1 0 4
LPOP l1
RPOP l1
LPOP l1 2
RPOP nosuch 2
LMPOP 1 l1 LEFT COUNT 1
LMPOP 2 {l}1 {l}2 RIGHT
RPUSH {l}1 1 2 3
LMOVE {l}1 {l}2 LEFT RIGHT
RPOPLPUSH {l}1 {l}2
LRANGE {l}2 0 -1
SORT {l}2 DESC
SORT {l}2 LIMIT 0 1 ALPHA
SORT_RO {l}2
SORT {l}2 BY nosort GET # STORE {l}3
LRANGE {l}3 0 -1
LPUSH s1 x !
# sets
SADD set1 3 1 2
SADD set1 3
SMEMBERS set1
SCARD set1
SISMEMBER set1 2
SMISMEMBER set1 1 9
SREM set1 3 9
SADD setw b a c ~
SMEMBERS setw ~
SSCAN setw 0 ~
SSCAN set1 0 MATCH 1
SADD setr one
SRANDMEMBER setr
SRANDMEMBER setr -2
SPOP setr
SPOP setr 2
SADD {z}1 1 2 3
SADD {z}2 2 3 4
SINTER {z}1 {z}2
SINTERCARD 2 {z}1 {z}2 LIMIT 1
SUNION {z}1 {z}2
SDIFF {z}1 {z}2
SINTERSTORE {z}3 {z}1 {z}2
SUNIONSTORE {z}3 {z}1 {z}2
SDIFFSTORE {z}3 {z}1 {z}2
SMOVE {z}1 {z}2 1
OBJECT ENCODING set1
SADD s1 x !
# sorted sets
ZADD z1 1 one 2 two 3 three
ZADD z1 NX CH 9 one 4 four
ZADD z1 XX INCR 1 one
ZADD z1 notanumber x !
ZSCORE z1 one
ZMSCORE z1 one nosuch
ZCARD z1
ZCOUNT z1 2 (4
ZLEXCOUNT z1 - +
ZINCRBY z1 0.5 two
ZRANK z1 two
ZREVRANK z1 two
ZRANK z1 nosuch
ZRANGE z1 0 -1 WITHSCORES
ZRANGE z1 (1 5 BYSCORE LIMIT 0 2
ZRANGE z1 - + BYLEX
ZREVRANGE z1 0 1
ZRANGEBYSCORE z1 -inf +inf WITHSCORES
ZREVRANGEBYSCORE z1 +inf -inf LIMIT 1 1
ZRANGEBYLEX z1 [a [p
ZREVRANGEBYLEX z1 + -
ZRANGESTORE {zz}9 {zz}1 0 -1
ZSCAN z1 0
ZPOPMIN z1
ZPOPMAX z1 2
ZMPOP 1 z1 MIN COUNT 2
ZADD zr 1 only
ZRANDMEMBER zr
ZRANDMEMBER zr -2 WITHSCORES
ZADD {zz}1 1 a 2 b 3 c
ZADD {zz}2 10 b 20 c 30 d
ZUNION 2 {zz}1 {zz}2 WITHSCORES
ZINTER 2 {zz}1 {zz}2 WEIGHTS 2 1 AGGREGATE MAX WITHSCORES
ZINTERCARD 2 {zz}1 {zz}2
ZDIFF 2 {zz}1 {zz}2
ZUNIONSTORE {zz}3 2 {zz}1 {zz}2
ZINTERSTORE {zz}4 2 {zz}1 {zz}2 WEIGHTS 1 2
ZDIFFSTORE {zz}5 2 {zz}1 {zz}2
ZREMRANGEBYRANK {zz}3 0 0
ZREMRANGEBYSCORE {zz}3 12 12
ZREMRANGEBYLEX {zz}1 [a [a
ZREM {zz}1 b nosuch
ZUNION 0 {zz}1 !
ZUNION 9 {zz}1 !
# geo
GEOADD g1 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
GEOPOS g1 Palermo nosuch
GEODIST g1 Palermo Catania km
GEOHASH g1 Palermo Catania
GEOSEARCH g1 FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHDIST
GEOSEARCH g1 FROMMEMBER Palermo BYBOX 400 400 km ASC WITHCOORD
GEORADIUS g1 15 37 200 km ASC
GEORADIUS_RO g1 15 37 200 km WITHHASH ASC
GEORADIUSBYMEMBER g1 Palermo 200 km ASC
GEORADIUSBYMEMBER_RO g1 Palermo 200 km COUNT 1 ASC
GEOADD {g}1 13.361389 38.115556 Palermo
GEOSEARCHSTORE {g}2 {g}1 FROMLONLAT 15 37 BYRADIUS 400 km
GEORADIUS {g}1 15 37 400 km STORE {g}3
GEORADIUSBYMEMBER {g}1 Palermo 400 km STOREDIST {g}4
GEOADD g1 999 999 x !
# hyperloglog
PFADD p1 a b c d
PFADD p1 a
PFCOUNT p1
PFADD {p}1 a b
PFADD {p}2 b c
PFCOUNT {p}1 {p}2
PFMERGE {p}3 {p}1 {p}2
PFCOUNT {p}3
PFADD h1 x !
# streams
XADD x1 1-1 f v
XADD x1 2-1 f v g w
XADD x1 1-1 f v !
XADD x1 MAXLEN = 10 3-1 f v
XADD nosuchstream NOMKSTREAM 1-1 f v
XLEN x1
XRANGE x1 - +
XREVRANGE x1 + - COUNT 1
XREAD COUNT 2 STREAMS x1 0
XREAD STREAMS x1 99
XGROUP CREATE x1 grp 0
XGROUP CREATE x1 grp 0 !
XGROUP CREATE nostream grp $ !
XGROUP CREATE mk grp $ MKSTREAM
XGROUP CREATECONSUMER x1 grp alice
XREADGROUP GROUP grp alice COUNT 2 STREAMS x1 >
XPENDING x1 grp
XPENDING x1 grp - + 10 ?
XACK x1 grp 1-1
XCLAIM x1 grp bob 0 2-1
XAUTOCLAIM x1 grp carol 0 0 COUNT 1
XINFO STREAM x1
XINFO STREAM x1 FULL ?
XINFO GROUPS x1
XINFO CONSUMERS x1 grp ?
XINFO STREAM nosuch !
XINFO HELP
XGROUP SETID x1 grp 3-1
XGROUP DELCONSUMER x1 grp bob
XGROUP DESTROY x1 grp
XGROUP HELP
XDEL x1 2-1
XTRIM x1 MAXLEN 1
XSETID x1 5-1
XINFO STREAM x1
# keys
SET {k}1 v
RENAME {k}1 {k}2
RENAMENX {k}2 {k}3
RENAME {k}nosuch {k}2 !
COPY {k}3 {k}4
COPY {k}3 {k}4
COPY {k}3 {k}4 REPLACE
COPY {k}3 {k}5 DB 0
MSETNX {k}6 1 {k}7 2
MSETNX {k}6 1 {k}8 2
MGET {k}6 {k}7 {k}8
BITOP AND {k}9 {k}6 {k}7
BITOP NOT {k}9 {k}6
EXISTS {k}6 {k}7 {k}7 {k}8
DEL {k}6 {k}7 {k}8
RESTORE {k}r 0 bad !
# wrong types pass through
GET h1 !
LRANGE s1 0 -1 !
ZADD s1 1 x !
XADD s1 * f v !
`;

const MARKS: Readonly<Record<string, Step['compare']>> = { '~': 'set', '?': 'shape' };

export const SEQUENCE: readonly Step[] = LINES.split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((text) => {
    const words = text.split(' ');
    const mark = words.at(-1) as string;
    const error = mark === '!';
    const args = error || mark in MARKS ? words.slice(0, -1) : words;
    return { text, args, compare: MARKS[mark] ?? 'bytes', error };
  });
