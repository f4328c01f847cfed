# SPDX-License-Identifier: Apache-2.0
"""The partitioner on a real Kafka, read back by another client: each hash, each way for records
without a key, each kind of rule, and a topic with too few partitions for its rules."""

import random
import re
import subprocess
from collections import Counter

import pytest
from confluent_kafka import Producer
from rig import config
from rig.agent import EX_CONFIG, EX_OK
from rig.hashes import HASHES
from rig.paths import WAYBILL
from rig.reader import Reader
from rig.wait import last

PATTERN = r"^n=(?<n>\d+)(?: k=(?<k>\S+))?"
PARTITIONS = 6


def source(topic, path, name="keys", **more):
    return {
        "name": name,
        "paths": [str(path)],
        "parser": "order",
        "topic": topic,
        "key": "${k}",
        **more,
    }


def write(work, keys, name="keys", first=0):
    path = work / "log" / f"{name}.log"
    with open(path, "a") as log:
        for number, key in enumerate(keys, first):
            log.write(f"n={number}\n" if key is None else f"n={number} k={key}\n")
    return path


def render(cluster, *sources):
    return config.render_settings(config.settings(cluster.bootstrap, sources, pattern=PATTERN))


def ship(make_agent, cluster, *sources):
    agent = make_agent(text=render(cluster, *sources))
    assert agent.run("--until-eof") == EX_OK
    return agent


def placed(cluster, topic, count, partitions=PARTITIONS):
    """The partition of each line, by its number; every line once."""
    records = Reader(cluster.bootstrap, topic, partitions).records()
    found = {int(re.match(rb"n=(\d+)", record.value)[1]): record.partition for record in records}
    assert len(records) == count
    assert sorted(found) == list(range(count))
    return [found[number] for number in range(count)]


def some_keys(count, seed):
    chance = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyzABC0123456789-_.:/äöß€日"
    return ["".join(chance.choices(letters, k=chance.randint(1, 40))) for _ in range(count)]


# The partitioner of librdkafka that the hash is to agree with.
LIBRARY = {"murmur2": "murmur2_random", "crc32": "consistent_random", "fnv1a": "fnv1a"}


def by_library(cluster, topic, partitioner, keys):
    """Where a producer of librdkafka's own sends them."""
    found = {}
    producer = Producer({"bootstrap.servers": cluster.bootstrap, "partitioner": partitioner})
    for number, key in enumerate(keys):
        producer.produce(
            topic,
            key=key.encode(),
            on_delivery=lambda _, message, at=number: found.update({at: message.partition()}),
        )
    assert producer.flush(30) == 0
    return [found[number] for number in range(len(keys))]


@pytest.mark.parametrize("name", HASHES)
@pytest.mark.scenario("E23")
def test_hashes(cluster, topic, work, make_agent, name):
    keys = some_keys(3000, name)
    path = write(work, keys)
    ship(make_agent, cluster, source(topic, path, partitioner={"hash": name}))
    expected = [HASHES[name](key.encode(), PARTITIONS) for key in keys]
    assert placed(cluster, topic, len(keys)) == expected
    assert set(expected) == set(range(PARTITIONS))
    assert by_library(cluster, topic, LIBRARY[name], keys) == expected


def runs(partitions):
    """Lengths of runs of neighbours in one partition."""
    lengths = [1]
    for before, now in zip(partitions, partitions[1:]):
        if before == now:
            lengths[-1] += 1
        else:
            lengths.append(1)
    return lengths


@pytest.mark.parametrize("way", ["sticky", "round_robin", "random"])
def test_without_a_key(cluster, topic, work, make_agent, way):
    count = 60000
    path = write(work, [None] * count)
    ship(make_agent, cluster, source(topic, path, partitioner={"null_key": way}))
    found = placed(cluster, topic, count)
    if way == "sticky":
        # Whole batches: of 8-byte values some thousands, or what a linger gathers.
        assert max(runs(found)) >= 1000
        assert sum(runs(found)) / len(runs(found)) >= 100
        return
    shares = Counter(found)
    assert set(shares) == set(range(PARTITIONS))
    assert max(shares.values()) < 1.1 * min(shares.values())
    if way == "round_robin":
        assert all((now - before) % PARTITIONS == 1 for before, now in zip(found, found[1:]))
    else:
        again = sum(before == now for before, now in zip(found, found[1:]))
        assert count / PARTITIONS * 0.9 < again < count / PARTITIONS * 1.1
        assert 3 <= max(runs(found)) <= 15


RULES = [
    {"prefix": "vip-", "partitions": [0]},
    {"keys": ["audit", "billing", "vip-not-here"], "partitions": [4, 2]},
    {"pattern": r"^t\d+$", "partitions": [2]},
]
LEFT = [1, 3, 5]


def by_rules(key):
    def one_of(partitions):
        return partitions[HASHES["murmur2"](key.encode(), len(partitions))]

    if key.startswith("vip-"):
        return 0
    if key in ("audit", "billing"):
        return one_of([4, 2])
    return 2 if re.fullmatch(r"t\d+", key) else one_of(LEFT)


def test_rules(cluster, topic, work, make_agent):
    chance = random.Random(7)
    keys = some_keys(2000, 1) + ["vip-" + key for key in some_keys(500, 2)]
    keys += [f"t{number}" for number in range(500)] + ["audit", "billing", "vip-not-here"] * 100
    keys += ["vip", "audit2", "xt5", "t5x", "tt"] * 20 + [None] * 1000
    chance.shuffle(keys)
    path = write(work, keys)
    partitioner = {"null_key": "random", "rules": RULES}
    ship(make_agent, cluster, source(topic, path, partitioner=partitioner))
    found = placed(cluster, topic, len(keys))
    without = [part for key, part in zip(keys, found) if key is None]
    assert set(without) == set(LEFT)
    for key, partition in zip(keys, found):
        assert key is None or partition == by_rules(key), key


def check_says(agent):
    done = subprocess.run(
        [WAYBILL, "check", "--config", agent.config, "--state-dir", agent.state],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == EX_CONFIG, done.stdout + done.stderr
    return " ".join((done.stdout + done.stderr).split())


@pytest.mark.scenario("E13")
def test_too_few_partitions(cluster, topic_name, work, make_agent):
    """What has a partition to go to goes; the rest waits, and goes on when there are more."""
    topic = cluster.make_topic(topic_name, partitions=1)
    rules = {"rules": [{"prefix": "vip-", "partitions": [0]}]}
    mixed = write(work, ["vip-1", "a", "vip-2", "b", None], "mixed")
    important = write(work, [f"vip-{number}" for number in range(5, 1005)], "important", first=5)
    sources = [
        source(topic, mixed, "mixed", partitioner=rules),
        source(topic, important, "important", partitioner=rules),
    ]
    agent = make_agent(text=render(cluster, *sources))
    said = check_says(agent)
    assert f'topic "{topic}": 1 partition, but partitioner.rules need 2' in said
    assert f"--alter --topic {topic} --partitions 2" in said
    agent.start()
    agent.wait_says(topic, "partitioner.rules", "1 partition")
    agent.counted(lines_delivered=1001)
    before = agent.cpu_seconds()
    last(5)
    assert (agent.cpu_seconds() - before) / 5 < 0.2, "it runs in a circle"
    assert agent.counters()["lines_delivered"] == 1001
    cluster.grow_topic(topic, 3)
    agent.counted(deadline=20, lines_delivered=1005)
    agent.wait_says(topic, "its files go on")
    agent.stop()
    agent.assert_true(read=1005)
    found = placed(cluster, topic, 1005, partitions=3)
    assert found[0] == found[2] == 0 and set(found[5:]) == {0}
    for number, key in ((1, b"a"), (3, b"b")):
        assert found[number] == HASHES["murmur2"](key, 2) + 1
    assert found[4] in (1, 2)
    told = [line for line in agent.messages().splitlines() if "partitioner.rules" in line]
    assert len(told) == 2, told


def test_reserved_partition_is_not_there(cluster, topic_name, work, make_agent):
    """An agent that is stopped while it waits repeats nothing and loses nothing."""
    topic = cluster.make_topic(topic_name, partitions=2)
    rules = {"hash": "fnv1a", "rules": [{"keys": ["far"], "partitions": [3]}]}
    path = write(work, ["a", "b", "far", "c"])
    agent = make_agent(text=render(cluster, source(topic, path, partitioner=rules)))
    agent.start()
    agent.wait_says(topic, "2 partitions", "need 4")
    agent.counted(lines_delivered=2)
    agent.stop()
    cluster.grow_topic(topic, 4)
    assert agent.run("--until-eof") == EX_OK
    found = placed(cluster, topic, 4, partitions=4)
    assert found[:2] == [HASHES["fnv1a"](key, 2) for key in (b"a", b"b")]
    assert found[2:] == [3, HASHES["fnv1a"](b"c", 3)]
