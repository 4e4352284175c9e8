"""redis-py before three nodes: python3 python_redis.py PORT. Does what scenarios.ts lists, or fails with a traceback."""
import sys
import threading
import time

import redis

port = int(sys.argv[1])
keys = [f"key:{n}" for n in range(300)]
names = [f"name:{n}" for n in range(10)]


def connect(**options):
    return redis.Redis(port=port, **{"decode_responses": True, "socket_timeout": 20, **options})


client, other = connect(), connect()


def refused(error, text, call, *args):
    try:
        call(*args)
    except error as problem:
        assert text in str(problem), problem
    else:
        raise AssertionError(f"{args} was not refused")


def connection():
    assert client.ping() and client.echo("hello") == "hello"
    assert client.client_setname("me") and client.client_getname() == "me" and client.client_info()["name"] == "me"
    assert [each["name"] for each in client.client_list() if each["id"] == str(client.client_id())] == ["me"]
    assert client.info()["role"] == "master" and "keyfan_version" in client.info("server")


def strings():
    assert client.mset({key: key.upper() for key in keys})
    assert client.mget(*keys, "nosuch") == [*(key.upper() for key in keys), None]
    assert client.exists(*keys, "nosuch") == 300
    assert client.set("name:0", "x", nx=True, ex=100) and client.set("name:0", "y", nx=True) is None
    assert client.append("name:0", "yz") == 3 and client.getrange("name:0", 1, 2) == "yz"
    assert 0 < client.ttl("name:0") <= 100
    assert [client.incr(f"number:{n % 10}") for n in range(20)] == [1] * 10 + [2] * 10
    assert client.delete(*keys[:100], "name:0", "nosuch") == 101


def scan():
    numbers = {f"number:{n}" for n in range(10)}
    assert set(client.scan_iter(count=20)) == {*keys[100:], *numbers} and client.dbsize() == 210
    assert set(client.scan_iter("number:*")) == numbers


def hashes():
    for name in names:
        key = f"hash:{name}"
        assert client.hset(key, mapping={f"f{n}": n for n in range(100)}) == 100
        assert client.hgetall(key) == {f"f{n}": str(n) for n in range(100)}
        assert client.hmget(key, "f1", "nosuch") == ["1", None] and client.hincrby(key, "f1", 5) == 6
        assert dict(client.hscan_iter(key)) == {f"f{n}": "6" if n == 1 else str(n) for n in range(100)}


def lists():
    for name in names:
        key, to = f"{{{name}}}list", f"{{{name}}}to"
        assert client.rpush(key, "b", "c") == 2 and client.lpush(key, "a") == 3
        assert client.lrange(key, 0, -1) == ["a", "b", "c"]
        assert client.rpoplpush(key, to) == "c" and client.lpop(key) == "a" and client.llen(key) == 1
        assert client.lpop("nosuch") is None


def sets():
    for name in names:
        one, two = f"{{{name}}}one", f"{{{name}}}two"
        assert client.sadd(one, "a", "b", "c") == 3 and client.sadd(two, "b", "c", "d") == 3
        assert client.smembers(one) == {"a", "b", "c"} and client.sinter(one, two) == {"b", "c"}
        assert client.sismember(one, "a") == 1 and client.sismember(one, "d") == 0


def sorted_sets():
    for name in names:
        key = f"sorted:{name}"
        assert client.zadd(key, {"a": 1, "b": 2.5, "c": 3}) == 3
        assert client.zrange(key, 0, -1, withscores=True) == [("a", 1.0), ("b", 2.5), ("c", 3.0)]
        assert client.zincrby(key, 10, "a") == 11.0 and client.zrangebyscore(key, 3, "+inf") == ["c", "a"]
        assert client.zscore(key, "b") == 2.5 and client.zscore(key, "nosuch") is None


def streams():
    for name in names:
        key = f"stream:{name}"
        assert [client.xadd(key, {"n": n}, id=f"{n}-1") for n in (1, 2, 3)] == ["1-1", "2-1", "3-1"]
        assert client.xrange(key, "2", "+") == [("2-1", {"n": "2"}), ("3-1", {"n": "3"})]
        assert client.xgroup_create(key, "group", "0")
        assert client.xreadgroup("group", "me", {key: ">"}, count=1) == [[key, [("1-1", {"n": "1"})]]]
        assert client.xack(key, "group", "1-1") == 1 and client.xlen(key) == 3
    several = client.xread({f"stream:{name}": "2-1" for name in names})
    assert several == [[f"stream:{name}", [("3-1", {"n": "3"})]] for name in names], several


def binary():
    raw = connect(decode_responses=False)
    binaries = {bytes([n, 0, 13, 10, 255 - n, 123, n, 125]): bytes(range(n, 256)) * 50 for n in range(256)}
    assert raw.mset(binaries)
    assert raw.mget(list(binaries)) == list(binaries.values())
    assert all(raw.get(key) == value for key, value in binaries.items())
    assert set(binaries) <= set(raw.scan_iter(count=1000))
    assert raw.delete(*binaries) == 256


def pipeline():
    with client.pipeline(transaction=False) as pipe:
        for n in range(1000):
            pipe.set(f"pipe:{n}", n).get(f"pipe:{n}")
        pipe.lpush("pipe:7", "x")
        pipe.mget("pipe:3", "pipe:4", "pipe:5")
        *replies, error, several = pipe.execute(raise_on_error=False)
    assert replies == [reply for n in range(1000) for reply in (True, str(n))]
    assert isinstance(error, redis.ResponseError) and "WRONGTYPE" in str(error) and several == ["3", "4", "5"]


def transaction():
    for name in names:
        with client.pipeline() as pipe:
            pipe.set(f"{{{name}}}a", 1).incrby(f"{{{name}}}a", 6).mget(f"{{{name}}}a", f"{{{name}}}nosuch")
            assert pipe.execute() == [True, 7, ["7", None]]
    with client.pipeline() as pipe:
        for name in names:
            pipe.set(f"{{{name}}}a", "lost")
        refused(redis.ResponseError, "CROSSSLOT", pipe.execute)
    assert client.mget([f"{{{name}}}a" for name in names]) == ["7"] * 10


def watch():
    for name in names:
        with client.pipeline() as pipe:
            pipe.watch(name)
            value = int(pipe.get(name) or 0)
            pipe.multi()
            pipe.set(name, value + 1).expire(name, 1000)
            assert pipe.execute() == [True, True]
            pipe.watch(name)
            other.set(name, 7)
            pipe.multi()
            pipe.incr(name)
            refused(redis.WatchError, "", pipe.execute)
        assert client.get(name) == "7"


def scripts():
    add = "return redis.call('incrby', KEYS[1], ARGV[1])"
    assert [client.eval(add, 1, name, 3) for name in names] == [10] * 10
    add_known = client.register_script(add + " -- another one")
    assert [add_known(keys=[name], args=[n]) for n, name in enumerate(names)] == list(range(10, 20))
    assert [other.evalsha(add_known.sha, 1, name, 0) for name in names] == list(range(10, 20))
    refused(redis.exceptions.NoScriptError, "", client.evalsha, "0" * 40, 1, "name:0")
    refused(redis.ResponseError, "a sad end", client.eval, "return redis.error_reply('a sad end')", 1, "name:0")


def blocking():
    for name in names:
        got = []
        waiter = threading.Thread(target=lambda: got.append(connect().blpop([f"{{{name}}}none", f"{{{name}}}jobs"], 20)))
        waiter.start()
        time.sleep(0.05)
        assert other.rpush(f"{{{name}}}jobs", "job") == 1
        waiter.join()
        assert got == [(f"{{{name}}}jobs", "job")], got
    assert client.brpop("nosuch", 0.1) is None and client.ping()


def pubsub():
    with client.pubsub() as subscriber:
        subscriber.subscribe("news", "sport", "films")
        subscriber.psubscribe("we*")
        assert [subscriber.get_message(timeout=5)["data"] for _ in range(4)] == [1, 2, 3, 4]
        said = {channel: f"to {channel}" for channel in ("news", "sport", "films", "weather")}
        assert [other.publish(channel, text) for channel, text in said.items()] == [1] * 4
        heard = [subscriber.get_message(timeout=5) for _ in range(4)]
        assert {message["channel"]: message["data"] for message in heard} == said, heard
        subscriber.unsubscribe("news")
        assert subscriber.get_message(timeout=5)["data"] == 3
        assert other.publish("news", "nobody") == 0


def errors():
    refused(redis.ResponseError, "WRONGTYPE", client.lpush, "pipe:1", "x")
    refused(redis.ResponseError, "CROSSSLOT", client.sinter, names)
    refused(redis.ResponseError, "unknown command", client.execute_command, "NOSUCH", "x")
    refused(redis.ResponseError, "wrong number of arguments", client.execute_command, "GET")
    assert client.get("pipe:1") == "1"


def databases():
    third = connect(db=3)
    assert third.mset({key: "third" for key in keys}) and third.dbsize() == 300
    assert client.exists(*keys) == 200 and client.get("key:0") is None
    assert client.flushall() and third.dbsize() == 0 and client.dbsize() == 0


for scenario in (connection, strings, scan, hashes, lists, sets, sorted_sets, streams, binary, pipeline, transaction, watch, scripts,
                 blocking, pubsub, errors, databases):
    scenario()
    print(scenario.__name__.replace("_", " "))
print(f"redis-py {redis.__version__}")
