# SPDX-License-Identifier: Apache-2.0
"""Sentences of README.md's guarantee that no other test shows as they stand there."""

import os

import pytest
from kafka.partitioner.default import murmur2
from rig.agent import EX_OK
from rig.reader import Reader
from rig.state import read_state
from rig.wait import wait_for
from rig.writer import Load

SOME = 200  # samples of the counters


def values_of(cluster, topic, partitions=6):
    return [record.value for record in Reader(cluster.bootstrap, topic, partitions).records()]


@pytest.mark.scenario("G01", "G04")
def test_the_counters_add_up_at_any_moment(broker, own_topic, work, make_agent):
    """With lines that are left out, lines without a key, and a broker that freezes and goes on."""
    pattern = r"^(?<kind>key|none) (?:order=(?<order_id>\d+) )?"
    source = {
        "paths": [str(work / "log" / "a.log")],
        "on_no_match": "skip",
        "on_missing_key": "dead_letter",
        "headers": [{"name": "kind", "value": "${kind}"}],
    }
    agent = make_agent(broker.bootstrap, own_topic, source=source, pattern=pattern).start()
    kinds = [b"key order=%d ", b"none %d ", b"other %d "]
    lines = [kinds[0 if i % 10 else 1 + i % 20 // 10] % i for i in range(60000)]
    under_way = set()
    broker_frozen = False
    with open(work / "log" / "a.log", "wb", buffering=0) as log:
        for sample in range(SOME):
            part = lines[sample * 300 : (sample + 1) * 300]
            log.write(b"".join(line + b"\n" for line in part))
            if sample in (50, 100):
                broker.thaw() if broker_frozen else broker.freeze()
                broker_frozen = not broker_frozen
            now = agent.counters()
            under_way.add(now["in_flight"])
    agent.counted(lines_read=60000, lines_delivered=54000, lines_filtered=3000, lines_dead=3000)
    agent.stop()
    agent.assert_true(read=60000)
    assert max(under_way) > 5000, "nothing was under way"
    found = values_of(broker, own_topic)
    assert sorted(found) == sorted(line for line in lines if line.startswith(b"key"))


@pytest.mark.scenario("E13", "G04")
def test_keys_move_when_a_topic_gets_partitions(
    cluster, topic_name, make_lineage, make_agent, make_oracle
):
    """Told within seconds, when the topic is asked for again; nothing is lost or repeated. A key
    goes by the old number of partitions, then by the new one."""
    topic = cluster.make_topic(topic_name, partitions=2)
    lineage = make_lineage("a", keys=100)
    agent = make_agent(cluster.bootstrap, topic).start()
    load = Load(lineage, rate=500)
    agent.counted(lines_delivered=2000)
    cluster.grow_topic(topic, 6)
    changed = f"topic {topic} has 6 partitions now, 2 before"
    wait_for(lambda: agent.says(changed, "keys go to other partitions"), 8, changed)
    now = agent.counters()["lines_read"]
    agent.counted(lines_read=now + 2000)
    written = load.stop()
    agent.counted(lines_delivered=written)
    agent.stop()
    agent.assert_true(read=written)
    records = Reader(cluster.bootstrap, topic, partitions=6).records(deadline=60)
    made = sorted(lineage.lines.line(0, sequence) for sequence in range(written))
    assert sorted(record.value for record in records) == made
    places = {}
    for record in records:
        places.setdefault(record.key, set()).add(record.partition)
    moved = 0
    for key, found in places.items():
        number = murmur2(key) & 0x7FFFFFFF
        assert found == {number % 2, number % 6}
        moved += len(found) > 1
    assert moved > 0


def stopped_with_unread_lines(broker, topic, make_lineage, make_agent):
    """The agent, stopped, what it follows, and its position: 5,000 lines behind it stay in a file
    that nobody writes to any more."""
    lineage = make_lineage("a").append(1000)
    agent = make_agent(broker.bootstrap, topic, shutdown_timeout="1s").start()
    agent.counted(lines_delivered=1000, checkpoints=2)
    broker.freeze()
    try:
        lineage.append(5000).close()
        agent.counted(in_flight=5000)
        agent.stop()
    finally:
        broker.thaw()
    committed = read_state(agent.state).files[lineage.inodes[0]].committed
    assert committed == lineage.starts[1000], "more was shipped: nothing is tried"
    return agent, lineage, committed


@pytest.mark.scenario("A16", "G04")
def test_what_was_destroyed_unread_is_counted(broker, own_topic, make_lineage, make_agent):
    """Deleted while nobody runs: what was known of it and was not shipped, to the byte, and told."""
    agent, lineage, committed = stopped_with_unread_lines(broker, own_topic, make_lineage, make_agent)
    os.unlink(lineage.path)
    make_lineage("b").append(1000)
    assert agent.run("--until-eof") == EX_OK
    counters = agent.counters()
    assert (counters["files_lost"], counters["lines_delivered"]) == (1, 1000), counters
    assert counters["bytes_lost"] == lineage.position - committed
    assert agent.says(lineage.path, "lost")


@pytest.mark.scenario("A16", "G01")
def test_what_was_destroyed_before_it_was_read_is_counted(
    broker, own_topic, make_lineage, make_agent
):
    """Of a file that was never read to its end, too: it was once seen how large it is."""
    lineage = make_lineage("a").append(10)
    agent = make_agent(broker.bootstrap, own_topic, shutdown_timeout="1s").start()
    agent.counted(lines_delivered=10, checkpoints=2)
    broker.freeze()
    try:
        lineage.append(30000).close()
        agent.counted(in_flight=10000)
        agent.stop()
    finally:
        broker.thaw()
    read = agent.counters()["bytes_read"]
    os.unlink(lineage.path)
    assert agent.run("--until-eof") == EX_OK
    assert read < lineage.position, "it was read to its end"
    assert agent.counters()["files_lost"] == 1
    assert agent.counters()["bytes_lost"] == lineage.position - lineage.starts[10]


@pytest.mark.scenario("A06", "G04")
def test_what_was_truncated_unread_is_counted(broker, own_topic, make_lineage, make_agent):
    """Truncated while nobody runs, and no copy is there."""
    agent, lineage, committed = stopped_with_unread_lines(broker, own_topic, make_lineage, make_agent)
    os.truncate(lineage.path, 0)
    with open(lineage.path, "ab") as log:
        log.write(b"".join(b"line %d of another content\n" % i for i in range(1000)))
    assert agent.run("--until-eof") == EX_OK
    counters = agent.counters()
    assert (counters["truncations"], counters["lines_delivered"]) == (1, 1000), counters
    assert counters["bytes_lost"] == lineage.position - committed
    assert agent.says(lineage.path, "lost")


def test_a_late_line_comes_late(cluster, topic, work, make_agent):
    """A writer that stays with the old file: its lines are shipped when they come, behind newer ones."""
    agent = make_agent(cluster.bootstrap, topic, source={"key": "k"}).start()
    path = work / "log" / "a.log"
    with open(path, "wb", buffering=0) as old:
        old.write(b"1 of the old\n")
        agent.counted(lines_delivered=1)
        os.rename(path, work / "log" / "a.log.1")
        path.write_bytes(b"1 of the new\n2 of the new\n")
        agent.counted(lines_delivered=3)
        old.write(b"2 of the old\n")
        agent.counted(lines_delivered=4)
    agent.stop()
    assert values_of(cluster, topic) == [
        b"1 of the old",
        b"1 of the new",
        b"2 of the new",
        b"2 of the old",
    ]
