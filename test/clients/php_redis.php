<?php
// phpredis before three nodes: php php_redis.php PORT. Does what scenarios.ts lists, or fails with an exception.
declare(strict_types=1);

set_error_handler(fn ($level, $text, $file, $line) => throw new ErrorException($text, 0, $level, $file, $line));

$port = (int) $argv[1];
$keys = array_map(fn ($n) => "key:$n", range(0, 299));
$names = array_map(fn ($n) => "name:$n", range(0, 9));

function connect(): Redis
{
    global $port;
    $redis = new Redis();
    $redis->connect('127.0.0.1', $port, 20, null, 0, 20);
    return $redis;
}

function same(mixed $got, mixed $wanted): void
{
    if ($got !== $wanted) throw new Exception(json_encode($got) . ' is not ' . json_encode($wanted));
}

/** phpredis throws some errors; for others it answers false and keeps what they said. */
function refused(Redis $redis, string $text, callable $call): void
{
    try {
        same($call(), false);
        $said = (string) $redis->getLastError();
    } catch (RedisException $problem) {
        $said = $problem->getMessage();
    }
    if (!str_contains($said, $text)) throw new Exception("$said does not say $text");
    $redis->clearLastError();
}

function sorted(array $values): array
{
    sort($values, SORT_STRING);
    return $values;
}

/** All keys that SCAN finds, each once. */
function scanned(Redis $redis, ?string $pattern, int $count): array
{
    $found = [];
    $cursor = null;
    while (($some = $redis->scan($cursor, $pattern, $count)) !== false) array_push($found, ...$some);
    return sorted(array_unique($found));
}

/** Does it in a process of its own, with a connection of its own; waiting for that process tells whether it went well. */
function meanwhile(callable $work): callable
{
    $pid = pcntl_fork();
    if ($pid === 0) {
        try {
            $work(connect());
        } catch (Throwable $problem) {
            fwrite(STDERR, "$problem\n");
        }
        posix_kill(getmypid(), isset($problem) ? SIGABRT : SIGKILL);
    }
    return function () use ($pid) {
        pcntl_waitpid($pid, $status);
        same(pcntl_wtermsig($status), SIGKILL);
    };
}

function scenario(string $name, callable $work): void
{
    $work();
    echo "$name\n";
}

$client = connect();
$other = connect();

scenario('connection', function () use ($client) {
    same([$client->ping(), $client->echo('hello')], [true, 'hello']);
    same([$client->client('setname', 'me'), $client->client('getname')], [true, 'me']);
    same(in_array('me', array_column($client->client('list'), 'name'), true), true);
    same($client->info()['role'], 'master');
});

scenario('strings', function () use ($client, $keys) {
    same($client->mset(array_combine($keys, array_map(strtoupper(...), $keys))), true);
    same($client->mget([...$keys, 'nosuch']), [...array_map(strtoupper(...), $keys), false]);
    same($client->exists([...$keys, 'nosuch']), 300);
    same($client->set('name:0', 'x', ['nx', 'ex' => 100]), true);
    same($client->set('name:0', 'y', ['nx']), false);
    same($client->append('name:0', 'yz'), 3);
    same($client->getRange('name:0', 1, 2), 'yz');
    same($client->ttl('name:0') > 0, true);
    same(array_map(fn ($n) => $client->incr('number:' . $n % 10), range(0, 19)), [...array_fill(0, 10, 1), ...array_fill(0, 10, 2)]);
    same($client->del([...array_slice($keys, 0, 100), 'name:0', 'nosuch']), 101);
});

scenario('scan', function () use ($client, $keys) {
    $numbers = array_map(fn ($n) => "number:$n", range(0, 9));
    foreach ([Redis::SCAN_RETRY, Redis::SCAN_NORETRY] as $retry) {
        $client->setOption(Redis::OPT_SCAN, $retry);
        same(scanned($client, null, 20), sorted([...array_slice($keys, 100), ...$numbers]));
        same(scanned($client, 'number:*', 20), $numbers);
    }
    same($client->dbSize(), 210);
});

scenario('hashes', function () use ($client, $names) {
    $fields = [];
    for ($n = 0; $n < 100; $n++) $fields["f$n"] = (string) $n;
    $changed = ['f1' => '6'] + $fields;
    ksort($changed);
    foreach ($names as $name) {
        same($client->hMSet("hash:$name", $fields), true);
        same($client->hGetAll("hash:$name"), $fields);
        same($client->hMGet("hash:$name", ['f1', 'nosuch']), ['f1' => '1', 'nosuch' => false]);
        same($client->hIncrBy("hash:$name", 'f1', 5), 6);
        $cursor = null;
        for ($found = []; $some = $client->hScan("hash:$name", $cursor);) $found += $some;
        ksort($found);
        same($found, $changed);
    }
});

scenario('lists', function () use ($client, $names) {
    foreach ($names as $name) {
        [$key, $to] = ["{{$name}}list", "{{$name}}to"];
        same($client->rPush($key, 'b', 'c'), 2);
        same($client->lPush($key, 'a'), 3);
        same($client->lRange($key, 0, -1), ['a', 'b', 'c']);
        same($client->rPopLPush($key, $to), 'c');
        same($client->lPop($key), 'a');
        same($client->lLen($key), 1);
    }
    same($client->lPop('nosuch'), false);
});

scenario('sets', function () use ($client, $names) {
    foreach ($names as $name) {
        [$one, $two] = ["{{$name}}one", "{{$name}}two"];
        same($client->sAdd($one, 'a', 'b', 'c'), 3);
        same($client->sAdd($two, 'b', 'c', 'd'), 3);
        same(sorted($client->sMembers($one)), ['a', 'b', 'c']);
        same(sorted($client->sInter($one, $two)), ['b', 'c']);
        same([$client->sIsMember($one, 'a'), $client->sIsMember($one, 'd')], [true, false]);
    }
});

scenario('sorted sets', function () use ($client, $names) {
    foreach ($names as $name) {
        $key = "sorted:$name";
        same($client->zAdd($key, 1, 'a', 2.5, 'b', 3, 'c'), 3);
        same($client->zRange($key, 0, -1, true), ['a' => 1.0, 'b' => 2.5, 'c' => 3.0]);
        same($client->zIncrBy($key, 10, 'a'), 11.0);
        same($client->zRangeByScore($key, '3', '+inf'), ['c', 'a']);
        same([$client->zScore($key, 'b'), $client->zScore($key, 'nosuch')], [2.5, false]);
    }
});

scenario('streams', function () use ($client, $names) {
    $streams = array_map(fn ($name) => "stream:$name", $names);
    foreach ($streams as $key) {
        foreach (['1', '2', '3'] as $n) same($client->xAdd($key, "$n-1", ['n' => $n]), "$n-1");
        same($client->xRange($key, '2', '+'), ['2-1' => ['n' => '2'], '3-1' => ['n' => '3']]);
        same($client->xGroup('CREATE', $key, 'group', '0'), true);
        same($client->xReadGroup('group', 'me', [$key => '>'], 1), [$key => ['1-1' => ['n' => '1']]]);
        same($client->xAck($key, 'group', ['1-1']), 1);
        same($client->xLen($key), 3);
    }
    same($client->xRead(array_fill_keys($streams, '2-1')), array_fill_keys($streams, ['3-1' => ['n' => '3']]));
});

scenario('binary', function () use ($client) {
    $binaries = [];
    for ($n = 0; $n < 256; $n++) $binaries[pack('C*', $n, 0, 13, 10, 255 - $n, 123, $n, 125)] = str_repeat(pack('C*', ...range($n, 255)), 50);
    same($client->mset($binaries), true);
    same($client->mget(array_keys($binaries)) === array_values($binaries), true);
    foreach ($binaries as $key => $value) same($client->get($key) === $value, true);
    same(array_diff(array_keys($binaries), scanned($client, null, 1000)) === [], true);
    same($client->del(array_keys($binaries)), 256);
});

scenario('pipeline', function () use ($client) {
    $pipe = $client->pipeline();
    $wanted = [];
    for ($n = 0; $n < 1000; $n++) {
        $pipe->set("pipe:$n", (string) $n)->get("pipe:$n");
        array_push($wanted, true, (string) $n);
    }
    same($pipe->lPush('pipe:7', 'x')->mget(['pipe:3', 'pipe:4', 'pipe:5'])->exec(), [...$wanted, false, ['3', '4', '5']]);
    refused($client, 'WRONGTYPE', fn () => false);
});

scenario('transaction', function () use ($client, $names) {
    foreach ($names as $name) {
        $key = "{{$name}}a";
        same($client->multi()->set($key, '1')->incrBy($key, 6)->mget([$key, "{{$name}}nosuch"])->exec(), [true, 7, ['7', false]]);
    }
    $client->multi()->set("{{$names[0]}}a", 'lost');
    refused($client, 'CROSSSLOT', function () use ($client, $names) {
        foreach ($names as $name) $client->set("{{$name}}a", 'lost');
    });
    // Not EXEC: phpredis 5 waits for a second reply behind EXECABORT, that of any Redis.
    same($client->discard(), true);
    same($client->mget(array_map(fn ($name) => "{{$name}}a", $names)), array_fill(0, 10, '7'));
});

scenario('watch', function () use ($client, $other, $names) {
    foreach ($names as $name) {
        $client->watch($name);
        $value = (int) $client->get($name);
        same($client->multi()->set($name, (string) ($value + 1))->expire($name, 1000)->exec(), [true, true]);
        $client->watch($name);
        $other->set($name, '7');
        same($client->multi()->incr($name)->exec(), false);
        same($client->get($name), '7');
    }
});

scenario('scripts', function () use ($client, $other, $names) {
    $add = "return redis.call('incrby', KEYS[1], ARGV[1])";
    foreach ($names as $name) same($client->eval($add, [$name, 3], 1), 10);
    $sha = $client->script('load', "$add -- another one");
    foreach ($names as $n => $name) same($client->evalSha($sha, [$name, $n], 1), 10 + $n);
    foreach ($names as $n => $name) same($other->evalSha($sha, [$name, 0], 1), 10 + $n);
    refused($client, 'NOSCRIPT', fn () => $client->evalSha(str_repeat('0', 40), ['name:0'], 1));
    refused($client, 'a sad end', fn () => $client->eval("return redis.error_reply('a sad end')", ['name:0'], 1));
});

scenario('blocking', function () use ($client, $names) {
    foreach ($names as $name) {
        $pushed = meanwhile(function (Redis $own) use ($name) {
            usleep(50_000);
            same($own->rPush("{{$name}}jobs", 'job'), 1);
        });
        same($client->blPop(["{{$name}}none", "{{$name}}jobs"], 10), ["{{$name}}jobs", 'job']);
        $pushed();
    }
    same($client->brPop(['nosuch'], 1), []);
    same($client->ping(), true);
});

scenario('pubsub', function () use ($client, $other) {
    $said = ['films' => 'to films', 'news' => 'to news', 'sport' => 'to sport', 'weather' => 'to weather'];
    $heard = [];
    $published = meanwhile(function (Redis $own) use ($said) {
        while (array_sum($own->pubsub('numsub', ['news', 'sport', 'films'])) < 3) usleep(1000);
        foreach (['news', 'sport', 'films'] as $channel) same($own->publish($channel, $said[$channel]), 1);
        while ($own->pubsub('numpat') < 1) usleep(1000);
        same($own->publish('weather', $said['weather']), 1);
    });
    // phpredis 5 listens on when nothing is subscribed to any more; only the end of the connection ends it.
    $listen = function (string $how, array $what, int $count, callable $leave) use (&$heard) {
        try {
            connect()->$how($what, function (Redis $own, string ...$message) use (&$heard, &$count, $leave) {
                [$channel, $text] = array_slice($message, -2);
                $heard[$channel] = $text;
                if (--$count > 0) return;
                $leave($own);
                $own->close();
            });
        } catch (RedisException) {
            same($count, 0);
        }
    };
    $listen('subscribe', ['news', 'sport', 'films'], 3, fn ($own) => same($own->unsubscribe(['news']), ['news' => true]));
    $listen('psubscribe', ['we*'], 1, fn ($own) => same($own->punsubscribe(['we*']), ['we*' => true]));
    $published();
    ksort($heard);
    same($heard, $said);
    same([$other->publish('news', 'nobody'), $other->publish('weather', 'nobody')], [0, 0]);
});

scenario('errors', function () use ($client, $names) {
    refused($client, 'WRONGTYPE', fn () => $client->lPush('pipe:1', 'x'));
    refused($client, 'CROSSSLOT', fn () => $client->sInter(...$names));
    refused($client, 'unknown command', fn () => $client->rawCommand('NOSUCH', 'x'));
    refused($client, 'wrong number of arguments', fn () => $client->rawCommand('GET'));
    same($client->get('pipe:1'), '1');
});

scenario('databases', function () use ($client, $keys) {
    $third = connect();
    same($third->select(3), true);
    same($third->mset(array_fill_keys($keys, 'third')), true);
    same($third->dbSize(), 300);
    same($client->exists($keys), 200);
    same($client->get('key:0'), false);
    same($client->flushAll(), true);
    same([$third->dbSize(), $client->dbSize()], [0, 0]);
});

echo 'phpredis ' . phpversion('redis') . "\n";
