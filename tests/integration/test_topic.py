# SPDX-License-Identifier: Apache-2.0
"""A topic that does not exist is a state to wait in: said once, cheap, and over by itself."""

import os

import pytest
from rig import config
from rig.reader import Reader
from rig.wait import last, wait_for

MISSING = 30 if os.environ.get("WAYBILL_LONG") else 10


@pytest.mark.long
@pytest.mark.scenario("E12")
def test_topic_created_later(
    cluster, topic_name, make_lineage, make_agent, make_oracle
):
    lineage = make_lineage("a").append(20000)
    agent = make_agent(cluster.bootstrap, topic_name).start()
    agent.wait_says("topic", topic_name)
    cpu = agent.cpu_seconds()
    last(MISSING)
    assert (agent.cpu_seconds() - cpu) / MISSING < 0.2, "it runs in a circle"
    assert agent.counters()["lines_delivered"] == 0
    cluster.make_topic(topic_name)
    oracle = make_oracle(cluster, topic_name, [lineage])
    lineage.append(1000)
    wait_for(lambda: oracle.in_topic() >= 21000, 70, lambda: f"{oracle.in_topic()} of 21000")
    agent.stop()
    oracle.judge().assert_clean(written=21000)
    agent.assert_true(read=21000)
    said = [line for line in agent.messages().splitlines() if topic_name in line]
    assert len(said) <= 5, said


@pytest.mark.scenario("E12")
def test_other_topics_flow_meanwhile(
    cluster, topic, topic_name, work, make_lineage, make_agent, make_oracle
):
    """A file waits for its topic; the others do not wait for the file."""
    here, missing = make_lineage("here").append(5000), make_lineage("missing").append(5000)
    sources = [
        config.source(topic, [here.path], name="here"),
        config.source(topic_name + "-missing", [missing.path], name="missing"),
    ]
    text = config.render_settings(config.settings(cluster.bootstrap, sources))
    agent = make_agent(text=text).start()
    oracle = make_oracle(cluster, topic, [here])
    wait_for(lambda: oracle.in_topic() >= 5000, 20, "the topic that exists")
    agent.wait_says(topic_name + "-missing")
    agent.stop()
    oracle.judge().assert_clean(written=5000)


@pytest.mark.scenario("E11")
@pytest.mark.parametrize("partitions", [6, 9, 2])
def test_deleted_and_made_again(broker, topic_name, make_lineage, make_agent, partitions):
    """What is written meanwhile waits, and is in the new one once; with more partitions or with fewer."""
    topic = broker.make_topic(topic_name)
    lineage = make_lineage("a").append(1000)
    agent = make_agent(broker.bootstrap, topic).start()
    agent.counted(lines_delivered=1000)
    broker.delete_topic(topic)
    agent.wait_says(topic, "does not exist")
    lineage.append(1000)
    agent.counted(lines_delivered=1000)
    assert agent.counters()["lines_delivered"] == 1000
    broker.make_topic(topic, partitions)
    agent.wait_says(topic, f"is there now, with {partitions} partitions")
    agent.counted(lines_delivered=2000, deadline=60)
    agent.stop()
    agent.assert_true(read=2000)
    values = [record.value for record in Reader(broker.bootstrap, topic, partitions).records()]
    assert sorted(values) == sorted(lineage.lines.line(0, n) for n in range(1000, 2000))
