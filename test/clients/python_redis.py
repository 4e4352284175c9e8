"""redis-py before three nodes: python3 python_redis.py PORT. Says what it did, or fails with a traceback."""
import sys
import threading

import redis

port = int(sys.argv[1])
client = redis.Redis(port=port, decode_responses=True)
keys = [f"key:{n}" for n in range(300)]

client.mset({key: key.upper() for key in keys})
assert client.mget(keys) == [key.upper() for key in keys]
assert client.dbsize() == len(keys)
assert set(client.scan_iter(count=50)) == set(keys)
assert client.delete(*keys[:100]) == 100

with client.pipeline(transaction=False) as pipe:
    for key in keys[100:]:
        pipe.get(key)
    assert pipe.execute() == [key.upper() for key in keys[100:]]

for n in range(20):
    key = f"counter:{n}"
    with client.pipeline() as pipe:
        pipe.watch(key)
        value = int(pipe.get(key) or 0)
        pipe.multi()
        pipe.set(key, value + 1)
        pipe.expire(key, 1000)
        assert pipe.execute() == [True, True]
    assert client.get(key) == "1"

try:
    with client.pipeline() as pipe:
        pipe.watch("counter:0")
        client.set("counter:0", 7)
        pipe.multi()
        pipe.incr("counter:0")
        pipe.execute()
    raise AssertionError("a watched key was changed")
except redis.WatchError:
    pass

double = client.register_script("return redis.call('incrby', KEYS[1], redis.call('get', KEYS[1]))")
for n in range(1, 10):
    assert double(keys=[f"counter:{n}"]) == 2

heard = []
with client.pubsub() as pubsub:
    pubsub.subscribe("news", "sport")
    pubsub.psubscribe("we*")
    assert [pubsub.get_message(timeout=5)["data"] for _ in range(3)] == [1, 2, 3]
    for channel in ("news", "sport", "weather"):
        assert client.publish(channel, f"to {channel}") == 1
    heard = [pubsub.get_message(timeout=5)["data"] for _ in range(3)]
assert sorted(heard) == ["to news", "to sport", "to weather"], heard

got = []
waiter = threading.Thread(target=lambda: got.append(redis.Redis(port=port, decode_responses=True).blpop("jobs", 20)))
waiter.start()
client.rpush("jobs", "job")
waiter.join()
assert got == [("jobs", "job")], got

other = redis.Redis(port=port, db=3, decode_responses=True)
other.set("only here", 1)
assert client.get("only here") is None
client.flushall()
assert other.dbsize() == 0 and client.dbsize() == 0
print(f"redis-py {redis.__version__}: pipelines, transactions, scripts, pub/sub, blocking, SCAN, databases")
