# redis-rb before three nodes: ruby ruby_redis.rb PORT. Does what scenarios.ts lists, or fails with an exception.
require "redis"

$port = Integer(ARGV[0])
KEYS = (0...300).map { |n| "key:#{n}" }
NAMES = (0...10).map { |n| "name:#{n}" }

def connect(**options) = Redis.new(port: $port, timeout: 20, **options)

def same(got, wanted)
  raise "#{got.inspect} is not #{wanted.inspect}" unless got == wanted
end

def refused(error, text)
  yield
rescue error => problem
  raise "#{problem.message} does not say #{text}" unless problem.message.include?(text)
else
  raise "nothing was refused, not #{text}"
end

def scenario(name)
  yield
  puts name
end

client, other = connect, connect

scenario "connection" do
  same [client.ping, client.echo("hello")], %w[PONG hello]
  same [client.client(:setname, "me"), client.client(:getname)], %w[OK me]
  same client.client(:list).map { |each| each["name"] }, ["me"]
  same client.info["role"], "master"
end

scenario "strings" do
  same client.mapped_mset(KEYS.to_h { |key| [key, key.upcase] }), "OK"
  same client.mget(*KEYS, "nosuch"), KEYS.map(&:upcase) + [nil]
  same client.exists(*KEYS, "nosuch"), 300
  same client.set("name:0", "x", nx: true, ex: 100), true
  same client.set("name:0", "y", nx: true), false
  same client.append("name:0", "yz"), 3
  same client.getrange("name:0", 1, 2), "yz"
  same client.ttl("name:0").between?(1, 100), true
  same (0...20).map { |n| client.incr("number:#{n % 10}") }, [1] * 10 + [2] * 10
  same client.del(*KEYS.take(100), "name:0", "nosuch"), 101
end

scenario "scan" do
  numbers = (0...10).map { |n| "number:#{n}" }
  same client.scan_each(count: 20).to_a.uniq.sort, (KEYS.drop(100) + numbers).sort
  same client.scan_each(match: "number:*").to_a.uniq.sort, numbers
  same client.dbsize, 210
end

scenario "hashes" do
  NAMES.each do |name|
    key, fields = "hash:#{name}", (0...100).to_h { |n| ["f#{n}", n.to_s] }
    same client.hset(key, fields), 100
    same client.hgetall(key), fields
    same client.hmget(key, "f1", "nosuch"), ["1", nil]
    same client.hincrby(key, "f1", 5), 6
    same client.hscan_each(key).to_h, fields.merge("f1" => "6")
  end
end

scenario "lists" do
  NAMES.each do |name|
    key, to = "{#{name}}list", "{#{name}}to"
    same client.rpush(key, %w[b c]), 2
    same client.lpush(key, "a"), 3
    same client.lrange(key, 0, -1), %w[a b c]
    same client.rpoplpush(key, to), "c"
    same client.lpop(key), "a"
    same client.llen(key), 1
  end
  same client.lpop("nosuch"), nil
end

scenario "sets" do
  NAMES.each do |name|
    one, two = "{#{name}}one", "{#{name}}two"
    same client.sadd(one, %w[a b c]), 3
    same client.sadd(two, %w[b c d]), 3
    same client.smembers(one).sort, %w[a b c]
    same client.sinter(one, two).sort, %w[b c]
    same [client.sismember(one, "a"), client.sismember(one, "d")], [true, false]
  end
end

scenario "sorted sets" do
  NAMES.each do |name|
    key = "sorted:#{name}"
    same client.zadd(key, [[1, "a"], [2.5, "b"], [3, "c"]]), 3
    same client.zrange(key, 0, -1, with_scores: true), [["a", 1.0], ["b", 2.5], ["c", 3.0]]
    same client.zincrby(key, 10, "a"), 11.0
    same client.zrangebyscore(key, 3, "+inf"), %w[c a]
    same [client.zscore(key, "b"), client.zscore(key, "nosuch")], [2.5, nil]
  end
end

scenario "streams" do
  streams = NAMES.map { |name| "stream:#{name}" }
  streams.each do |key|
    same (1..3).map { |n| client.xadd(key, { n: n }, id: "#{n}-1") }, %w[1-1 2-1 3-1]
    same client.xrange(key, "2", "+"), [["2-1", { "n" => "2" }], ["3-1", { "n" => "3" }]]
    same client.xgroup(:create, key, "group", "0"), "OK"
    same client.xreadgroup("group", "me", key, ">", count: 1), { key => [["1-1", { "n" => "1" }]] }
    same client.xack(key, "group", "1-1"), 1
    same client.xlen(key), 3
  end
  same client.xread(streams, streams.map { "2-1" }), streams.to_h { |key| [key, [["3-1", { "n" => "3" }]]] }
end

scenario "binary" do
  binaries = (0..255).to_h { |n| [[n, 0, 13, 10, 255 - n, 123, n, 125].pack("C*"), [*n..255].pack("C*") * 50] }
  bytes = ->(reply) { reply.map { |each| each.b } }
  same client.mapped_mset(binaries), "OK"
  same bytes[client.mget(*binaries.keys)], binaries.values
  same bytes[binaries.keys.map { |key| client.get(key) }], binaries.values
  same binaries.keys - bytes[client.scan_each(count: 1000)], []
  same client.del(*binaries.keys), 256
end

scenario "pipeline" do
  replies = client.pipelined do |pipe|
    1000.times { |n| [pipe.set("pipe:#{n}", n), pipe.get("pipe:#{n}")] }
    pipe.mget("pipe:3", "pipe:4", "pipe:5")
  end
  same replies, (0...1000).flat_map { |n| ["OK", n.to_s] } + [%w[3 4 5]]
  refused(Redis::CommandError, "WRONGTYPE") do
    client.pipelined { |pipe| [pipe.incr("pipe:6"), pipe.lpush("pipe:7", "x"), pipe.incr("pipe:8")] }
  end
  same client.mget("pipe:6", "pipe:7", "pipe:8"), %w[7 7 9]
end

scenario "transaction" do
  NAMES.each do |name|
    key = "{#{name}}a"
    replies = client.multi { |tx| [tx.set(key, 1), tx.incrby(key, 6), tx.mget(key, "{#{name}}nosuch")] }
    same replies, ["OK", 7, ["7", nil]]
  end
  refused(Redis::CommandError, "CROSSSLOT") { client.multi { |tx| NAMES.each { |name| tx.set("{#{name}}a", "lost") } } }
  same client.mget(*NAMES.map { |name| "{#{name}}a" }), ["7"] * 10
end

scenario "watch" do
  NAMES.each do |name|
    same client.watch(name) { |c| value = c.get(name).to_i; c.multi { |tx| [tx.set(name, value + 1), tx.expire(name, 1000)] } }, ["OK", true]
    same client.watch(name) { |c| other.set(name, 7); c.multi { |tx| tx.incr(name) } }, nil
    same client.get(name), "7"
  end
end

scenario "scripts" do
  add = "return redis.call('incrby', KEYS[1], ARGV[1])"
  same NAMES.map { |name| client.eval(add, [name], [3]) }, [10] * 10
  sha = client.script(:load, "#{add} -- another one")
  same NAMES.each_with_index.map { |name, n| client.evalsha(sha, [name], [n]) }, [*10...20]
  same NAMES.map { |name| other.evalsha(sha, [name], [0]) }, [*10...20]
  refused(Redis::CommandError, "NOSCRIPT") { client.evalsha("0" * 40, ["name:0"]) }
  refused(Redis::CommandError, "a sad end") { client.eval("return redis.error_reply('a sad end')", ["name:0"]) }
end

scenario "blocking" do
  NAMES.each do |name|
    waiter = Thread.new { connect.blpop("{#{name}}none", "{#{name}}jobs", timeout: 20) }
    sleep 0.05
    same other.rpush("{#{name}}jobs", "job"), 1
    same waiter.value, ["{#{name}}jobs", "job"]
  end
  same client.brpop("nosuch", timeout: 0.1), nil
  same client.ping, "PONG"
end

scenario "pubsub" do
  ready, heard = Queue.new, Queue.new
  one, many = connect, connect
  threads = [
    Thread.new do
      one.subscribe("news", "sport", "films") do |on|
        on.subscribe { |_, count| ready << count }
        on.message { |channel, text| text == "end" ? one.unsubscribe : heard << [channel, text] }
      end
    end,
    Thread.new do
      many.psubscribe("we*") do |on|
        on.psubscribe { |_, count| ready << count }
        on.pmessage { |_, channel, text| text == "end" ? many.punsubscribe : heard << [channel, text] }
      end
    end,
  ]
  same Array.new(4) { ready.pop }.sort, [1, 1, 2, 3]
  said = %w[news sport films weather].to_h { |channel| [channel, "to #{channel}"] }
  same said.map { |channel, text| other.publish(channel, text) }, [1] * 4
  same Array.new(4) { heard.pop }.to_h, said
  same [other.publish("news", "end"), other.publish("weather", "end")], [1, 1]
  threads.each(&:join)
  same [other.publish("news", "nobody"), other.publish("weather", "nobody")], [0, 0]
end

scenario "errors" do
  refused(Redis::CommandError, "WRONGTYPE") { client.lpush("pipe:1", "x") }
  refused(Redis::CommandError, "CROSSSLOT") { client.sinter(*NAMES) }
  refused(Redis::CommandError, "unknown command") { client.call("NOSUCH", "x") }
  refused(Redis::CommandError, "wrong number of arguments") { client.call("GET") }
  same client.get("pipe:1"), "1"
end

scenario "databases" do
  third = connect(db: 3)
  same third.mapped_mset(KEYS.to_h { |key| [key, "third"] }), "OK"
  same third.dbsize, 300
  same client.exists(*KEYS), 200
  same client.get("key:0"), nil
  same client.flushall, "OK"
  same [third.dbsize, client.dbsize], [0, 0]
end

puts "redis-rb #{Redis::VERSION}"
