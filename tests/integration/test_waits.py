# SPDX-License-Identifier: Apache-2.0
"""Records that wait for long, about which the library says nothing, are told once, and their end."""

import pytest
from rig import proxy as actions
from rig.promtool import fires
from rig.wait import last, wait_for

STALL = 24  # stall_timeout: it is told after a sixth of it
ANSWER = 12  # how long the library waits for an answer


@pytest.mark.scenario("E20")
def test_answer_lost(broker, own_topic, proxy, make_lineage, make_agent, make_oracle):
    """The broker has appended the line, and its answer does not come, on a connection that lives."""
    lineage = make_lineage("a").append(1000)
    kafka = {"socket_timeout_ms": ANSWER * 1000}
    agent = make_agent(proxy.bootstrap, own_topic, kafka=kafka, stall_timeout=f"{STALL}s").start()
    oracle = make_oracle(broker, own_topic, [lineage])
    wait_for(oracle.complete, 20, "the first lines")
    agent.counted(lines_delivered=1000)
    proxy.rule = lambda request: actions.SWALLOW if not proxy.log else None
    lineage.append(1)
    said = agent.wait_says(f"topic {own_topic}: partition", "1 record waits", "nothing is lost")
    assert len(proxy.faults(actions.SWALLOW)) == 1
    assert f"partition {proxy.log[0].request.batches[0].partition}:" in said, said
    agent.wait_says("the records that waited were acknowledged", deadline=ANSWER + 10)
    agent.stop()
    assert agent.counters()["producers_made"] == 1
    assert agent.messages().count("record waits") == 1, agent.messages()
    oracle.judge().assert_clean(written=1001)


@pytest.mark.scenario("E20", "E07")
def test_a_byte_a_second(broker, own_topic, proxy, make_lineage, make_agent, make_oracle):
    """Each connection lives and gets nowhere, and is given up by the library again and again. What was
    appended and not acknowledged is known to Kafka when it comes again."""
    lineage = make_lineage("a").append(1000)
    kafka = {"socket_timeout_ms": ANSWER * 1000}
    agent = make_agent(proxy.bootstrap, own_topic, kafka=kafka, stall_timeout=f"{STALL}s").start()
    oracle = make_oracle(broker, own_topic, [lineage])
    agent.counted(lines_delivered=1000)
    proxy.trickle()
    lineage.append(1000)
    agent.counted(lines_read=2000)
    used = agent.cpu_seconds()
    last(2 * ANSWER)
    used = agent.cpu_seconds() - used
    assert agent.counters()["lines_delivered"] < 2000
    assert used < 4, f"{used} s of CPU in {2 * ANSWER} s: it runs in a circle"
    proxy.trickle(False)
    wait_for(oracle.complete, 40, "all lines")
    agent.counted(lines_delivered=2000)
    agent.stop()
    assert agent.counters()["producers_made"] == 1, agent.messages()[-3000:]
    oracle.judge().assert_clean(written=2000)


@pytest.mark.timeout(300)
@pytest.mark.scenario("E18", "G03")
def test_too_few_replicas_in_sync(
    two_brokers, topic_name, make_lineage, make_agent, make_oracle, work
):
    """One of two replicas is gone, and the topic wants both: told with the setting's name, and no
    other producer is tried, however long it lasts."""
    first, second = two_brokers
    first.make_topic(topic_name, replicas=2, min_insync_replicas=2)
    lineage = make_lineage("a").append(1000)
    agent = make_agent(first.bootstrap, topic_name, stall_timeout="12s").start()
    agent.counted(lines_delivered=1000)
    second.kill()

    def shrunk():
        partitions = first.admin.list_topics(topic_name, timeout=5).topics[topic_name].partitions
        return all(part.isrs == [1] for part in partitions.values())

    wait_for(shrunk, 60, "one replica in sync")
    lineage.append(1000)
    # A request that the broker appended just before keeps its connection for half a minute.
    words = ("NOT_ENOUGH_REPLICAS", "min.insync.replicas", "1 of its 2 replicas")
    agent.wait_says(topic_name, *words, deadline=60)
    assert fires("WaybillPartitionStuck", agent.ask("metrics"), work)
    last(13)  # longer than stall_timeout
    assert agent.messages().count("NOT_ENOUGH_REPLICAS") == 1, agent.messages()
    assert not agent.says("does not answer"), agent.messages()
    first.alter_topic(topic_name, min_insync_replicas=1)
    oracle = make_oracle(first, topic_name, [lineage])
    wait_for(oracle.complete, 30, "all lines")
    agent.wait_says("wait", ", after ")  # acknowledged, or sent again
    agent.stop()
    verdict = oracle.judge()
    agent.assert_one_producer(verdict)
    verdict.assert_clean(written=2000, dup=verdict.DUP)
