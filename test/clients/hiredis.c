/* hiredis before three nodes: hiredis PORT. Does what scenarios.ts lists, or fails and says in which line; once more in RESP3 where it can. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef REDIS_REPLY_MAP
#define RESP3 1
#else
#define RESP3 0
#define REDIS_REPLY_MAP REDIS_REPLY_ARRAY
#define REDIS_REPLY_SET REDIS_REPLY_ARRAY
#define REDIS_REPLY_PUSH REDIS_REPLY_ARRAY
#define REDIS_REPLY_DOUBLE REDIS_REPLY_STRING
#define redisSetPushCallback(context, callback)
#endif

#define KEYS 300
#define NAMES 10
#define EACH(n, count) for (int n = 0; n < (count); n++)
#define CHECK(what) ((what) ? (void)0 : fail(__LINE__, #what))
/* What the answer to a request must be; REFUSED: how its error must begin. */
#define SAYS(wanted, ...) same(__LINE__, 0, wanted, redisCommand(client, __VA_ARGS__))
#define SAYS_MANY(wanted, argc, argv) same(__LINE__, 0, wanted, redisCommandArgv(client, argc, argv, NULL))
#define REFUSED(wanted, ...) same(__LINE__, 1, wanted, redisCommand(client, __VA_ARGS__))
#define OTHER_SAYS(wanted, ...) same(__LINE__, 0, wanted, redisCommand(other, __VA_ARGS__))
/* What comes next, without a request. */
#define HEARS(wanted) same(__LINE__, 0, wanted, next(client))

static int port;
static int protocol = 2;
static redisContext *client, *other;
static char keys[KEYS + 1][16], upper[KEYS][16];

static void fail(int line, const char *what) {
  fprintf(stderr, "in RESP%d, hiredis.c:%d: %s\n", protocol, line, what);
  exit(1);
}

static redisReply *next(redisContext *context) {
  void *reply = NULL;
  if (redisGetReply(context, &reply) != REDIS_OK) fail(__LINE__, context->errstr);
  return reply;
}

static int has_elements(const redisReply *reply) {
  int type = reply->type;
  return type == REDIS_REPLY_ARRAY || type == REDIS_REPLY_MAP || type == REDIS_REPLY_SET || type == REDIS_REPLY_PUSH;
}

/* The reply as text: [a 1 [b nil]]. Returns where the text ends. */
static char *render(char *to, const redisReply *reply) {
  if (reply->type == REDIS_REPLY_NIL) return to + sprintf(to, "nil");
  if (reply->type == REDIS_REPLY_INTEGER) return to + sprintf(to, "%lld", reply->integer);
  if (!has_elements(reply)) return to + sprintf(to, "%s", reply->str);
  *to++ = '[';
  EACH(n, (int)reply->elements) {
    if (n > 0) *to++ = ' ';
    to = render(to, reply->element[n]);
  }
  return to + sprintf(to, "]");
}

static void same(int line, int error, const char *wanted, redisReply *reply) {
  static char said[65536], problem[sizeof said * 2];
  if (reply == NULL) fail(line, "no reply");
  render(said, reply);
  int fits = error ? strncmp(said, wanted, strlen(wanted)) == 0 : strcmp(said, wanted) == 0;
  snprintf(problem, sizeof problem, "%s is not %s", said, wanted);
  if (!fits || error != (reply->type == REDIS_REPLY_ERROR)) fail(line, problem);
  freeReplyObject(reply);
}

static void type_is(int line, int wanted, redisReply *reply) {
  if (reply == NULL || reply->type != (protocol == 3 ? wanted : wanted == REDIS_REPLY_DOUBLE ? REDIS_REPLY_STRING : REDIS_REPLY_ARRAY))
    fail(line, "a reply of another type");
  freeReplyObject(reply);
}

static redisContext *connect_to(void) {
  redisContext *context = redisConnectWithTimeout("127.0.0.1", port, (struct timeval){20, 0});
  if (context == NULL || context->err) fail(__LINE__, "no connection");
  redisSetTimeout(context, (struct timeval){20, 0});
  redisSetPushCallback(context, NULL);
  if (protocol == 3) type_is(__LINE__, REDIS_REPLY_MAP, redisCommand(context, "HELLO 3"));
  return context;
}

/* `command` with all keys, from `first` to before `end`, and with their values where there are any. */
static redisReply *with_keys(const char *command, int first, int end, const char (*values)[16]) {
  const char *argv[2 * KEYS + 2] = {command};
  int argc = 1;
  for (int n = first; n < end; n++) {
    argv[argc++] = keys[n];
    if (values != NULL) argv[argc++] = values[n];
  }
  return redisCommandArgv(client, argc, argv, NULL);
}

static void connection(void) {
  SAYS("PONG", "PING");
  SAYS("hello", "ECHO hello");
  SAYS("OK", "CLIENT SETNAME me");
  SAYS("me", "CLIENT GETNAME");
  redisReply *list = redisCommand(client, "CLIENT LIST"), *info = redisCommand(client, "INFO");
  CHECK(list != NULL && strncmp(list->str, "id=", 3) == 0 && strstr(list->str, " name=me ") != NULL);
  CHECK(info != NULL && strncmp(info->str, "# ", 2) == 0 && strstr(info->str, "\r\nrole:master\r\n") != NULL);
  freeReplyObject(list);
  freeReplyObject(info);
}

static void strings(void) {
  char wanted[8192] = "[", *to = wanted + 1;
  EACH(n, KEYS) to += sprintf(to, "%s ", upper[n]);
  sprintf(to, "nil]");
  same(__LINE__, 0, "OK", with_keys("MSET", 0, KEYS, upper));
  same(__LINE__, 0, wanted, with_keys("MGET", 0, KEYS + 1, NULL));
  same(__LINE__, 0, "300", with_keys("EXISTS", 0, KEYS + 1, NULL));
  SAYS("OK", "SET name:0 x NX EX 100");
  SAYS("nil", "SET name:0 y NX");
  SAYS("3", "APPEND name:0 yz");
  SAYS("yz", "GETRANGE name:0 1 2");
  SAYS("1", "PERSIST name:0");
  EACH(n, 2 * NAMES) SAYS(n < NAMES ? "1" : "2", "INCR number:%d", n % NAMES);
  SAYS("1", "DEL name:0");
  same(__LINE__, 0, "100", with_keys("DEL", 0, 100, NULL));
}

static void scan(void) {
  int found[KEYS] = {0}, numbers[NAMES] = {0}, n;
  char cursor[32] = "0";
  do {
    redisReply *reply = redisCommand(client, "SCAN %s COUNT 20", cursor);
    CHECK(reply != NULL && reply->elements == 2);
    snprintf(cursor, sizeof cursor, "%s", reply->element[0]->str);
    EACH(i, (int)reply->element[1]->elements) {
      const char *key = reply->element[1]->element[i]->str;
      if (sscanf(key, "number:%d", &n) == 1) numbers[n] = 1;
      else if (sscanf(key, "key:%d", &n) == 1) found[n] = 1;
      else fail(__LINE__, key);
    }
    freeReplyObject(reply);
  } while (strcmp(cursor, "0") != 0);
  EACH(i, KEYS) CHECK(found[i] == (i >= 100));
  EACH(i, NAMES) CHECK(numbers[i]);
  SAYS("210", "DBSIZE");
}

static void hashes(void) {
  EACH(n, NAMES) {
    SAYS("3", "HSET hash:%d a 1 b 2 c 3", n);
    SAYS("[a 1 b 2 c 3]", "HGETALL hash:%d", n);
    type_is(__LINE__, REDIS_REPLY_MAP, redisCommand(client, "HGETALL hash:%d", n));
    SAYS("[1 nil]", "HMGET hash:%d a nosuch", n);
    SAYS("6", "HINCRBY hash:%d a 5", n);
    SAYS("[0 [a 6 b 2 c 3]]", "HSCAN hash:%d 0", n);
  }
}

static void lists(void) {
  EACH(n, NAMES) {
    SAYS("2", "RPUSH {name:%d}list b c", n);
    SAYS("3", "LPUSH {name:%d}list a", n);
    SAYS("[a b c]", "LRANGE {name:%d}list 0 -1", n);
    SAYS("c", "RPOPLPUSH {name:%d}list {name:%d}to", n, n);
    SAYS("a", "LPOP {name:%d}list", n);
    SAYS("1", "LLEN {name:%d}list", n);
  }
  SAYS("nil", "LPOP nosuch");
}

static void sets(void) {
  EACH(n, NAMES) {
    SAYS("3", "SADD {name:%d}one 1 2 3", n);
    SAYS("3", "SADD {name:%d}two 2 3 4", n);
    SAYS("[1 2 3]", "SMEMBERS {name:%d}one", n);
    SAYS("[2 3]", "SINTER {name:%d}one {name:%d}two", n, n);
    type_is(__LINE__, REDIS_REPLY_SET, redisCommand(client, "SINTER {name:%d}one {name:%d}two", n, n));
    SAYS("[1 0]", "SMISMEMBER {name:%d}one 1 4", n);
  }
}

static void sorted_sets(void) {
  const char *scores = protocol == 3 ? "[[a 1] [b 2.5] [c 3]]" : "[a 1 b 2.5 c 3]";
  EACH(n, NAMES) {
    SAYS("3", "ZADD sorted:%d 1 a 2.5 b 3 c", n);
    SAYS(scores, "ZRANGE sorted:%d 0 -1 WITHSCORES", n);
    SAYS("11", "ZINCRBY sorted:%d 10 a", n);
    SAYS("[c a]", "ZRANGEBYSCORE sorted:%d 3 +inf", n);
    SAYS("2.5", "ZSCORE sorted:%d b", n);
    type_is(__LINE__, REDIS_REPLY_DOUBLE, redisCommand(client, "ZSCORE sorted:%d b", n));
    SAYS("nil", "ZSCORE sorted:%d nosuch", n);
  }
}

static void streams(void) {
  const char *group = protocol == 3 ? "[stream:%d [[1-1 [n 1]]]]" : "[[stream:%d [[1-1 [n 1]]]]]";
  const char *one = protocol == 3 ? "%sstream:%d [[3-1 [n 3]]]" : "%s[stream:%d [[3-1 [n 3]]]]";
  const char *argv[2 * NAMES + 2] = {"XREAD", "STREAMS"};
  char wanted[NAMES * 64] = "[", *to = wanted + 1, names[NAMES][16];
  EACH(n, NAMES) {
    char first[64];
    sprintf(first, group, n);
    SAYS("1-1", "XADD stream:%d 1-1 n 1", n);
    SAYS("2-1", "XADD stream:%d 2-1 n 2", n);
    SAYS("3-1", "XADD stream:%d 3-1 n 3", n);
    SAYS("[[2-1 [n 2]] [3-1 [n 3]]]", "XRANGE stream:%d 2 +", n);
    SAYS("OK", "XGROUP CREATE stream:%d group 0", n);
    SAYS(first, "XREADGROUP GROUP group me COUNT 1 STREAMS stream:%d >", n);
    SAYS("1", "XACK stream:%d group 1-1", n);
    SAYS("3", "XLEN stream:%d", n);
    sprintf(names[n], "stream:%d", n);
    argv[2 + n] = names[n];
    argv[2 + NAMES + n] = "2-1";
    to += sprintf(to, one, n == 0 ? "" : " ", n);
  }
  sprintf(to, "]");
  SAYS_MANY(wanted, 2 * NAMES + 2, argv);
}

static void binary(void) {
  EACH(n, 256) {
    unsigned char key[] = {n, 0, 13, 10, 255 - n, 123, n, 125}, value[50 * 256];
    size_t size = 0;
    EACH(round, 50) for (int byte = n; byte < 256; byte++) value[size++] = byte;
    SAYS("OK", "MSET %b %b {%d}more x", key, sizeof key, value, size, n);
    redisReply *reply = redisCommand(client, "MGET {%d}more %b", n, key, sizeof key);
    CHECK(reply != NULL && reply->elements == 2 && strcmp(reply->element[0]->str, "x") == 0);
    CHECK(reply->element[1]->len == size && memcmp(reply->element[1]->str, value, size) == 0);
    freeReplyObject(reply);
    reply = redisCommand(client, "GET %b", key, sizeof key);
    CHECK(reply != NULL && reply->len == size && memcmp(reply->str, value, size) == 0);
    freeReplyObject(reply);
    SAYS("2", "DEL %b {%d}more", key, sizeof key, n);
  }
}

static void pipeline(void) {
  char wanted[16];
  EACH(n, 1000) {
    redisAppendCommand(client, "SET pipe:%d %d", n, n);
    redisAppendCommand(client, "GET pipe:%d", n);
  }
  redisAppendCommand(client, "LPUSH pipe:7 x");
  redisAppendCommand(client, "MGET pipe:3 pipe:4 pipe:5");
  EACH(n, 1000) {
    sprintf(wanted, "%d", n);
    HEARS("OK");
    HEARS(wanted);
  }
  same(__LINE__, 1, "WRONGTYPE", next(client));
  HEARS("[3 4 5]");
}

static void transaction(void) {
  EACH(n, NAMES) {
    SAYS("OK", "MULTI");
    SAYS("QUEUED", "SET {name:%d}a 1", n);
    SAYS("QUEUED", "INCRBY {name:%d}a 6", n);
    SAYS("QUEUED", "MGET {name:%d}a {name:%d}nosuch", n, n);
    SAYS("[OK 7 [7 nil]]", "EXEC");
  }
  SAYS("OK", "MULTI");
  SAYS("QUEUED", "SET {name:0}a lost");
  REFUSED("CROSSSLOT", "MGET {name:0}a {name:1}a {name:2}a {name:3}a");
  REFUSED("EXECABORT", "EXEC");
  EACH(n, NAMES) SAYS("7", "GET {name:%d}a", n);
}

static void watch(void) {
  EACH(n, NAMES) {
    SAYS("OK", "WATCH name:%d", n);
    SAYS("nil", "GET name:%d", n);
    SAYS("OK", "MULTI");
    SAYS("QUEUED", "SET name:%d 1", n);
    SAYS("[OK]", "EXEC");
    SAYS("OK", "WATCH name:%d", n);
    OTHER_SAYS("OK", "SET name:%d 7", n);
    SAYS("OK", "MULTI");
    SAYS("QUEUED", "INCR name:%d", n);
    SAYS("nil", "EXEC");
    SAYS("7", "GET name:%d", n);
  }
}

static void scripts(void) {
  const char *add = "return redis.call('incrby', KEYS[1], ARGV[1])", *again = "return redis.call('incrby', KEYS[1], ARGV[1]) -- another one";
  char wanted[16];
  redisReply *sha = redisCommand(client, "SCRIPT LOAD %s", again);
  CHECK(sha != NULL && sha->type == REDIS_REPLY_STRING);
  EACH(n, NAMES) {
    sprintf(wanted, "%d", 10 + n);
    SAYS("10", "EVAL %s 1 name:%d 3", add, n);
    SAYS(wanted, "EVALSHA %s 1 name:%d %d", sha->str, n, n);
    OTHER_SAYS(wanted, "EVALSHA %s 1 name:%d 0", sha->str, n);
  }
  freeReplyObject(sha);
  REFUSED("NOSCRIPT", "EVALSHA 0000000000000000000000000000000000000000 1 name:0");
  REFUSED("ERR a sad end", "EVAL %s 1 name:0", "return redis.error_reply('ERR a sad end')");
}

static void blocking(void) {
  char wanted[32];
  EACH(n, NAMES) {
    int written = 0;
    redisAppendCommand(client, "BLPOP {name:%d}none {name:%d}jobs 20", n, n);
    while (!written) CHECK(redisBufferWrite(client, &written) == REDIS_OK);
    usleep(50 * 1000);
    OTHER_SAYS("1", "RPUSH {name:%d}jobs job", n);
    sprintf(wanted, "[{name:%d}jobs job]", n);
    HEARS(wanted);
  }
  SAYS("nil", "BRPOP nosuch 0.1");
  SAYS("PONG", "PING");
}

static void pubsub(void) {
  redisContext *requests = client;
  client = connect_to();
  SAYS("[subscribe news 1]", "SUBSCRIBE news sport films");
  HEARS("[subscribe sport 2]");
  HEARS("[subscribe films 3]");
  SAYS("[psubscribe we* 4]", "PSUBSCRIBE we*");
  OTHER_SAYS("1", "PUBLISH news to-news");
  HEARS("[message news to-news]");
  OTHER_SAYS("1", "PUBLISH sport to-sport");
  HEARS("[message sport to-sport]");
  OTHER_SAYS("1", "PUBLISH films to-films");
  HEARS("[message films to-films]");
  OTHER_SAYS("1", "PUBLISH weather to-weather");
  HEARS("[pmessage we* weather to-weather]");
  SAYS("[unsubscribe news 3]", "UNSUBSCRIBE news");
  OTHER_SAYS("0", "PUBLISH news nobody");
  redisFree(client);
  client = requests;
}

static void errors(void) {
  REFUSED("WRONGTYPE", "LPUSH pipe:1 x");
  REFUSED("CROSSSLOT", "SINTER name:0 name:1 name:2 name:3 name:4 name:5");
  REFUSED("ERR unknown command", "NOSUCH x");
  REFUSED("ERR wrong number of arguments", "GET");
  SAYS("1", "GET pipe:1");
}

static void databases(void) {
  redisContext *first = client;
  client = connect_to();
  SAYS("OK", "SELECT 3");
  same(__LINE__, 0, "OK", with_keys("MSET", 0, KEYS, upper));
  SAYS("300", "DBSIZE");
  redisContext *third = client;
  client = first;
  same(__LINE__, 0, "200", with_keys("EXISTS", 0, KEYS, NULL));
  SAYS("nil", "GET key:0");
  SAYS("OK", "FLUSHALL");
  SAYS("0", "DBSIZE");
  same(__LINE__, 0, "0", redisCommand(third, "DBSIZE"));
  redisFree(third);
}

static const struct {
  const char *name;
  void (*run)(void);
} scenarios[] = {
    {"connection", connection}, {"strings", strings}, {"scan", scan}, {"hashes", hashes}, {"lists", lists},
    {"sets", sets}, {"sorted sets", sorted_sets}, {"streams", streams}, {"binary", binary}, {"pipeline", pipeline},
    {"transaction", transaction}, {"watch", watch}, {"scripts", scripts}, {"blocking", blocking}, {"pubsub", pubsub},
    {"errors", errors}, {"databases", databases},
};

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  port = atoi(argv[1]);
  EACH(n, KEYS) {
    sprintf(keys[n], "key:%d", n);
    sprintf(upper[n], "KEY:%d", n);
  }
  sprintf(keys[KEYS], "nosuch");
  for (; protocol <= (RESP3 ? 3 : 2); protocol++) {
    client = connect_to();
    other = connect_to();
    EACH(n, (int)(sizeof scenarios / sizeof *scenarios)) {
      scenarios[n].run();
      if (protocol == 2) puts(scenarios[n].name);
    }
    redisFree(client);
    redisFree(other);
  }
  printf("hiredis %d.%d.%d, RESP2%s\n", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH, RESP3 ? " and RESP3" : "");
  return 0;
}
