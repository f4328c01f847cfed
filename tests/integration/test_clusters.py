# SPDX-License-Identifier: Apache-2.0
"""One agent, two clusters with a topic of the same name: what stops at one of them goes on at the
other, and each gets its own lines once and in their order, through outages and kills."""

import contextlib
import json
import random

import pytest
from rig import config
from rig.agent import EX_UNAVAILABLE
from rig.promtool import promtool
from rig.reader import Reader
from rig.wait import wait_for
from rig.writer import Load

RATE = 1000  # lines a second, to each
MEANWHILE = 3000  # lines that the one gets while the other is down
KILLS = 3


class Side:
    """One cluster with the lines that go to it."""

    def __init__(self, name, kafka, lineages, oracle):
        self.name, self.kafka, self.lineages, self.oracle = name, kafka, lineages, oracle

    def load(self, **more):
        return [Load(lineage, rate=RATE // len(self.lineages), **more) for lineage in self.lineages]


@pytest.fixture
def sides(work, broker, other, topic_name, make_lineage, make_oracle):
    """near: the broker of the session, far: the other; each with a topic of the same name."""
    made = []
    for name, kafka in (("near", broker), ("far", other)):
        kafka.make_topic(topic_name)
        lineages = [make_lineage(f"{name}-{letter}") for letter in "ab"]
        made.append(Side(name, kafka, lineages, make_oracle(kafka, topic_name, lineages)))
    return made


@pytest.fixture
def agent(work, sides, topic_name, make_agent):
    sources = [
        config.source(topic_name, [work / "log" / f"{side.name}-*.log"], side.name, cluster=side.name)
        for side in sides
    ]
    settings = config.settings("", sources)
    settings["kafka"] = [
        {"name": side.name, "bootstrap_servers": side.kafka.bootstrap} for side in sides
    ]
    agent = make_agent(text=config.render_settings(settings))
    return agent


def flowing(side, lines):
    wait_for(lambda: side.oracle.in_topic() > lines, 60, f"load to flow to {side.name}")


def judge(agent, sides, loads):
    """All that was written is there, once and in order, on each."""
    written = [sum(load.stop() for load in loads[side.name]) for side in sides]
    for side in sides:
        wait_for(side.oracle.complete, 120, f"all lines of {side.name}")
    agent.stop()
    for side, lines in zip(sides, written):
        side.oracle.judge().assert_clean(lines)
    return written


def test_each_gets_its_own(agent, sides):
    loads = {side.name: side.load() for side in sides}
    agent.start()
    for side in sides:
        flowing(side, MEANWHILE)
    written = judge(agent, sides, loads)
    agent.assert_true(read=sum(written))


@contextlib.contextmanager
def outage(kafka, how):
    if how == "frozen":
        kafka.freeze()
    else:
        kafka.kill()
    try:
        yield
    finally:
        if how == "frozen":
            kafka.thaw()
        else:
            kafka.start()


@pytest.mark.scenario("E36")
@pytest.mark.parametrize("down", ["near", "far"])
@pytest.mark.parametrize("how", ["frozen", "dead"])
def test_one_is_down_and_the_other_goes_on(agent, sides, down, how):
    one = next(side for side in sides if side.name == down)
    rest = next(side for side in sides if side.name != down)
    loads = {side.name: side.load() for side in sides}
    agent.start()
    for side in sides:
        flowing(side, RATE)
    with outage(one.kafka, how):
        before = rest.oracle.in_topic()
        for part in range(1, 4):
            flowing(rest, before + part * MEANWHILE)
            agent.counters()  # adds up at any moment
        agent.wait_says(f"cluster {down}:", "answer", deadline=60)
        assert not agent.says(f"cluster {rest.name}:", "no broker")
        lines = sum(load.stop() for load in loads[rest.name])
        wait_for(lambda: rest.oracle.in_topic() == lines, 60, "all of the other's lines")
        for load in loads[one.name]:
            load.stop()
    written = judge(agent, sides, loads)
    agent.assert_true(read=sum(written))


@pytest.mark.scenario("E36")
def test_it_starts_while_one_is_down(agent, sides):
    near, far = sides
    loads = {side.name: side.load() for side in sides}
    far.kafka.kill()
    try:
        agent.start()
        flowing(near, MEANWHILE)
        for load in loads["near"] + loads["far"]:
            load.stop()
    finally:
        far.kafka.start()
    judge(agent, sides, loads)


@pytest.mark.scenario("E36")
def test_it_is_killed_while_one_is_down(agent, sides):
    """A broker that is dead has none of what was under way to it, so nothing of it is there twice;
    of the other only what was under way at a kill may be."""
    near, far = sides
    loads = {side.name: side.load() for side in sides}
    agent.start()
    for side in sides:
        flowing(side, RATE)
    far.kafka.kill()
    try:
        for _ in range(KILLS):
            flowing(near, near.oracle.in_topic() + MEANWHILE)
            agent.counters()  # adds up at any moment
            agent.kill()
            agent.start()
        for load in loads["near"] + loads["far"]:
            load.stop()
    finally:
        far.kafka.start()
    written = {side.name: sum(load.stop() for load in loads[side.name]) for side in sides}
    for side in sides:
        wait_for(side.oracle.complete, 120, f"all lines of {side.name}")
    agent.stop()
    for side in sides:
        verdict = side.oracle.judge()
        assert (verdict.LOST, verdict.ORDER, verdict.CORRUPT, verdict.WRONG) == (0, 0, 0, 0), verdict
        assert verdict.written == written[side.name], verdict


def test_topics_are_made_where_they_are_to_be(agent, work, sides, topic_name):
    """One of that name in each, as its own plan has it; without a cluster it is that of the first."""
    made = f"made-{topic_name}"
    settings = {
        "kafka": [{"name": side.name, "bootstrap_servers": side.kafka.bootstrap} for side in sides],
        "topics": [
            {"name": made, "cluster": "far", "partitions": 5, "create": True},
            {"name": made, "partitions": 2, "create": True},
        ],
    }
    sources = [
        config.source(made, [work / "log" / f"{side.name}-*.log"], side.name, cluster=side.name)
        for side in sides
    ]
    agent.configure({**config.settings("", sources), **settings})
    for side in sides:
        for lineage in side.lineages:
            lineage.append(10)
    said = " ".join(agent.ask("check").split())
    agent.start()
    agent.counted(lines_delivered=40)
    for side, partitions in zip(sides, (2, 5)):
        assert f'topic "{made}" does not exist: run makes it ({partitions} partitions' in said, said
        agent.wait_says(f"cluster {side.name}:", f"topic {made} was not there, and was made with {partitions} ")
        assert len(side.kafka.admin.list_topics(timeout=10).topics[made].partitions) == partitions


def listed(agent, kind, *words):
    lines = [json.loads(line) for line in agent.ask("status", "--json", *words).splitlines()]
    return [line for line in lines if line["kind"] == kind]


def test_commands_name_the_cluster(agent, sides, topic_name):
    near, far = sides
    near_file = next(iter(near.lineages)).path
    for side in sides:
        for lineage in side.lineages:
            lineage.append(10)
    agent.start()
    agent.counted(lines_delivered=40)
    wait_for(lambda: [line["kafka_up"] for line in listed(agent, "cluster")] == [True, True], 20, "both up")
    assert [line["cluster"] for line in listed(agent, "cluster")] == ["near", "far"]
    assert [(line["cluster"], line["topic"]) for line in listed(agent, "topic")] == [
        ("near", topic_name),
        ("far", topic_name),
    ]
    assert [line["cluster"] for line in listed(agent, "topic", f"far/{topic_name}")] == ["far"]
    assert {line["cluster"] for line in listed(agent, "broker")} == {"near", "far"}
    assert {(line["source"], line["cluster"]) for line in listed(agent, "source")} == {
        ("near", "near"),
        ("far", "far"),
    }
    shown = agent.ask("status")
    assert "cluster near is up" in shown and "cluster far is up" in shown and "near (near)" in shown
    assert "(cluster near)" in agent.ask("explain", near_file)
    assert "(cluster near)" in agent.ask("explain", f"{near_file}:1")
    metrics = agent.ask("metrics")
    checked = promtool("check", "metrics", text=metrics)
    assert checked.returncode == 0 and not checked.stderr, checked.stdout + checked.stderr
    for side in sides:
        assert f'waybill_kafka_up{{cluster="{side.name}"}} 1' in metrics
        assert f'waybill_topic_ready{{cluster="{side.name}",topic="{topic_name}"}} 1' in metrics
    checked = agent.ask("check")
    assert f"Kafka near: {near.kafka.bootstrap} answers" in checked
    assert f"Kafka far: {far.kafka.bootstrap} answers" in checked
    assert "several clusters" in agent.ask("topics", "accept", topic_name, expect=EX_UNAVAILABLE)
    assert f"far/{topic_name}" in agent.ask("topics", "accept", f"far/{topic_name}")
    agent.stop()


def test_a_dead_letter_goes_to_the_cluster_of_its_source(agent, sides, work, topic_name):
    near, far = sides
    far.kafka.alter_topic(topic_name, max_message_bytes=4000)
    line = random.Random(1).randbytes(8000).hex()  # nothing that compression makes fit
    (work / "log" / "far-big.log").write_text(line + "\n")
    agent.start()
    agent.counted(lines_dead=1)
    wait_for(lambda: "1 dead letter" in agent.ask("dead-letters", "list"), 20, "it in the state")
    far.kafka.alter_topic(topic_name, max_message_bytes=1 << 20)
    assert "1 sent again" in agent.ask("dead-letters", "replay", "--all", "--yes")
    agent.stop()
    records = Reader(far.kafka.bootstrap, topic_name).records()
    assert [record.value.decode() for record in records] == [line]
    assert Reader(near.kafka.bootstrap, topic_name).records() == []


def test_the_first_takes_over_what_the_only_one_knew(broker, topic_name, work, make_agent):
    """A block becomes the first of a list: the number of partitions that keys go by is its own."""
    broker.make_topic(topic_name, partitions=2)
    path = work / "log" / "a.log"
    path.write_text("one line\n")
    one = config.source(topic_name, [path])
    kafka = {"bootstrap_servers": broker.bootstrap}
    agent = make_agent(text=config.render_settings(config.settings("", [one], kafka=kafka))).start()
    agent.counted(lines_delivered=1)
    agent.stop()
    broker.grow_topic(topic_name, 4)
    settings = config.settings("", [one])
    settings["kafka"] = [{"name": "first", **kafka}, {"name": "second", **kafka}]
    agent.configure(settings)
    agent.start()
    agent.wait_says(f"topic {topic_name} has 4 partitions now, 2 before")
    agent.stop()


def test_status_tells_of_no_producer_that_was_not_replaced(cluster, topic, work, make_agent):
    """Each cluster has one: two of them are no replaced one."""
    names = ["first", "second"]
    paths = [work / "log" / f"{name}.log" for name in names]
    for path in paths:
        path.write_text("one line\n")
    kafka = {"bootstrap_servers": cluster.bootstrap}
    sources = [config.source(topic, [path], path.stem, cluster=path.stem) for path in paths]
    settings = config.settings("", sources)
    settings["kafka"] = [{"name": name, **kafka} for name in names]
    agent = make_agent(text=config.render_settings(settings)).start()
    agent.counted(lines_delivered=2, producers_made=2)
    assert "producers that were replaced" not in agent.ask("status")
    agent.stop()
