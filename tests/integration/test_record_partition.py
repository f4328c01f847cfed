# SPDX-License-Identifier: Apache-2.0
"""A partition that the line names, on a real Kafka and in preview."""

import json
import subprocess

import pytest
from kafka.partitioner.default import murmur2
from rig import config
from rig.agent import EX_DATAERR, EX_OK
from rig.paths import WAYBILL
from rig.reader import Reader
from rig.state import read_state

PATTERN = r"^n=(?<n>\d+)(?: k=(?<k>\S+))?(?: s=(?<s>\S*))? ?(?<rest>.*)$"
PARTITIONS = 6

# Shard and key of each line; None: not there.
LINES = [
    ("0", "a"), ("5", "a"), ("3", None), ("+04", "b"), ("00", "c"),
    ("6", "a"), ("-1", "b"), ("x", "c"), ("", "d"), (None, "e"), ("2147483648", "f"),
    ("1.0", "g"), ("6", None), (None, None), ("2147483647", "h"),
]  # fmt: skip
GOOD = {0: 0, 1: 5, 2: 3, 3: 4, 4: 0}
OUT_OF_RANGE = {5, 12, 14}


def by_key(key):
    return (murmur2(key.encode()) & 0x7FFFFFFF) % PARTITIONS


def source(topic, path, **more):
    return {
        "name": "shards",
        "paths": [str(path)],
        "parser": "order",
        "topic": topic,
        "key": "${k}",
        "partition": "${s}",
        **more,
    }


def write(work, lines):
    path = work / "log" / "shards.log"
    path.write_text("".join(line + "\n" for line in lines))
    return path


def text_of(number, shard, key):
    return (
        f"n={number}"
        + (f" k={key}" if key is not None else "")
        + (f" s={shard}" if shard is not None else "")
    )


def render(cluster, one):
    return config.render_settings(config.settings(cluster.bootstrap, [one], pattern=PATTERN))


def number_of(value):
    return int(value.split()[0].removeprefix(b"n="))


@pytest.mark.parametrize("policy", ["key", "dead_letter"])
def test_named_partitions(cluster, topic, work, make_agent, policy):
    path = write(work, [text_of(i, *line) for i, line in enumerate(LINES)])
    agent = make_agent(text=render(cluster, source(topic, path, on_bad_partition=policy)))
    assert agent.run("--until-eof") == (EX_DATAERR if policy == "dead_letter" else EX_OK)
    records = Reader(cluster.bootstrap, topic).records()
    found = {number_of(record.value): record for record in records}
    dead = set(range(len(LINES))) - set(GOOD) if policy == "dead_letter" else set()
    assert len(records) == len(found) and set(found) == set(range(len(LINES))) - dead
    for number, record in found.items():
        key = LINES[number][1]
        assert record.key == (key.encode() if key else None)
        if number in GOOD:
            assert record.partition == GOOD[number]
        elif key:
            assert record.partition == by_key(key)
    letters = read_state(agent.state).dead_letters
    reasons = {number_of(bytes(letter["value"])): letter["reason"] for letter in letters}
    assert reasons == {
        number: "PARTITION_INVALID (not one of the topic's)"
        if number in OUT_OF_RANGE
        else "PARTITION_INVALID (not a number)"
        for number in dead
    }
    counters = agent.counters()
    assert counters["partitions_bad"] == len(LINES) - len(GOOD)
    agent.assert_true(read=len(LINES))
    check_preview(agent, path, found, reasons)


def check_preview(agent, path, found, reasons):
    """What preview says of the same number of partitions is what has become of each line."""
    command = [WAYBILL, "preview", "--config", agent.config, "--json"]
    command += ["--partitions", str(PARTITIONS), path]
    out = subprocess.run(command, check=True, capture_output=True, timeout=30).stdout
    shown = [json.loads(line) for line in out.splitlines()]
    assert len(shown) == len(found) + len(reasons)
    for number, record in enumerate(shown):
        assert record.get("dead_letter") == reasons.get(number)
        if number in found and record["key"] is not None:
            assert record["partition"] == found[number].partition


@pytest.mark.scenario("E13")
def test_more_partitions_later(cluster, topic_name, work, make_agent):
    """A shard that the topic has not yet goes by its key, and to its own once it is there."""
    topic = cluster.make_topic(topic_name, partitions=2)
    path = write(work, ["n=0 k=a s=2"])
    agent = make_agent(text=render(cluster, source(topic, path)))
    assert agent.run("--until-eof") == EX_OK
    cluster.grow_topic(topic, 3)
    with open(path, "a") as log:
        log.write("n=1 k=a s=2\n")
    assert agent.run("--until-eof") == EX_OK
    records = Reader(cluster.bootstrap, topic, partitions=3).records()
    found = {number_of(record.value): record.partition for record in records}
    assert found == {0: (murmur2(b"a") & 0x7FFFFFFF) % 2, 1: 2}


@pytest.mark.scenario("E35")
def test_suspects_keep_their_partition(cluster, topic_name, work, make_agent):
    """Kafka refuses the batches of one partition for a line that is too large. Its companions are
    sent again alone, and to the partition that they name, though it is not their key's."""
    topic = cluster.make_topic(topic_name, max_message_bytes=3000, compression_type="uncompressed")
    lines = [f"n={i} k={i % 50} s={(i * 7 + 3) % PARTITIONS}" for i in range(600)]
    lines[300] += " " + "x" * 5000
    path = write(work, lines)
    kafka = {"compression_type": "none"}
    settings = config.settings(
        cluster.bootstrap, [source(topic, path)], pattern=PATTERN, kafka=kafka
    )
    agent = make_agent(text=config.render_settings(settings))
    assert agent.run("--until-eof") == EX_DATAERR
    records = Reader(cluster.bootstrap, topic).records()
    found = {number_of(record.value): record.partition for record in records}
    assert found == {i: (i * 7 + 3) % PARTITIONS for i in range(600) if i != 300}
    assert len(records) == len(found)
    counters = agent.counters()
    assert counters["lines_dead"] == 1
    assert counters["partitions_bad"] == 0
