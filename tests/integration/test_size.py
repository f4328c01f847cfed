# SPDX-License-Identifier: Apache-2.0
"""A topic with max.message.bytes=2000: only the line that is too large by itself is a dead letter.

Kafka refuses a batch as a whole, and judges it compressed; so this is tried with every codec.
"""

import json
import subprocess

import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from rig.state import read_state
from rig.wait import wait_for

LIMIT = 2000
CODECS = ["lz4", "zstd", "none"]
BIG = 700


def lower_limit(cluster, topic, limit=LIMIT):
    """What DescribeConfigs said at the start is no longer so: batches get refused."""
    entry = ConfigEntry(
        "max.message.bytes", str(limit), incremental_operation=AlterConfigOpType.SET
    )
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    for future in cluster.admin.incremental_alter_configs([resource]).values():
        future.result(20)


def settings_are_known(agent, topic):
    """Of a topic that is there: a busy broker may be asked for them once more."""
    where = ["--config", agent.config, "--state-dir", agent.state]
    command = [agent.program, "status", *where, "--json", topic]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return any(line["kind"] == "topic" and line["min_insync_replicas"] for line in lines)


def judge(agent, oracle, written, dead):
    """Everything but the dead letters is there, once, and in order."""
    wait_for(
        lambda: oracle.in_topic() >= written - dead, 60, lambda: f"{oracle.in_topic()} of {written}"
    )
    agent.counted(lines_dead=dead, lines_delivered=written - dead)
    agent.stop()
    verdict = oracle.judge()
    faults = {"LOST": dead, "DUP": 0, "ORDER": 0, "CORRUPT": 0, "WRONG": 0}
    assert verdict.faults() == faults, verdict
    return read_state(agent.state).dead_letters


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.scenario("E15")
def test_one_big_record_among_small_ones(
    cluster, topic_name, make_lineage, make_agent, make_oracle, codec
):
    topic = cluster.make_topic(topic_name, max_message_bytes=LIMIT)
    lineage = make_lineage("a", big={BIG: 6000}).append(1500)
    agent = make_agent(cluster.bootstrap, topic, kafka={"compression_type": codec}).start()
    oracle = make_oracle(cluster, topic, [lineage])
    letters = judge(agent, oracle, written=1500, dead=1)
    assert oracle.present(lineage)[BIG] == 0
    assert len(letters) == 1
    assert bytes(letters[0]["value"]) == lineage.lines.line(0, BIG)
    assert bytes(letters[0]["key"]) == lineage.lines.key(BIG)
    assert letters[0]["position"] == lineage.starts[BIG]
    assert letters[0]["topic"] == topic and letters[0]["path"] == lineage.path
    assert agent.counters()["lines_dead"] == 1


@pytest.mark.scenario("E15", "E35")
def test_a_bad_line_in_500(cluster, topic_name, make_lineage, make_agent, make_oracle):
    """The limit is known: what exceeds it goes alone at once, and no batch is refused. It took a new
    producer for each of them, or nearly."""
    topic = cluster.make_topic(topic_name, max_message_bytes=20000)
    big = {number: 60000 for number in range(250, 5000, 500)}
    lineage = make_lineage("a", big=big)
    agent = make_agent(cluster.bootstrap, topic).start()
    wait_for(lambda: settings_are_known(agent, topic), 60, "the settings of the topic")
    lineage.append(5000)
    oracle = make_oracle(cluster, topic, [lineage])
    letters = judge(agent, oracle, written=5000, dead=10)
    assert [letter["position"] for letter in letters] == [lineage.starts[number] for number in big]
    counters = agent.counters()
    assert [counters[name] for name in ("reports_refused", "rewinds", "lines_late")] == [0, 0, 0], counters
    assert not agent.says("brokers refuse a batch"), agent.messages()


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.scenario("E15")
def test_batches_of_small_ones_over_the_limit(
    cluster, topic, make_lineage, make_agent, make_oracle, codec
):
    lineage = make_lineage("a").append(100)
    agent = make_agent(cluster.bootstrap, topic, kafka={"compression_type": codec}).start()
    oracle = make_oracle(cluster, topic, [lineage])
    wait_for(lambda: oracle.in_topic() >= 100, 20, "the first lines")
    lower_limit(cluster, topic)
    lineage.append(2900)
    assert judge(agent, oracle, written=3000, dead=0) == []
    assert agent.counters()["reports_refused"] > 0, "no batch was over the limit"
    assert agent.counters()["lines_dead"] == 0


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.scenario("E15")
def test_limit_known_at_the_start(
    cluster, topic_name, make_lineage, make_agent, make_oracle, codec
):
    topic = cluster.make_topic(topic_name, max_message_bytes=LIMIT)
    lineage = make_lineage("a").append(3000)
    agent = make_agent(cluster.bootstrap, topic, kafka={"compression_type": codec}).start()
    wait_for(lambda: settings_are_known(agent, topic), 20, "the settings of the topic")
    oracle = make_oracle(cluster, topic, [lineage])
    assert judge(agent, oracle, written=3000, dead=0) == []
    counters = agent.counters()
    assert (counters["reports_refused"], counters["producers_made"]) == (0, 1), agent.messages()
