# SPDX-License-Identifier: Apache-2.0
"""What a receipt is worth: those of nothing written, and of producers whose numbers run out.

What the proxy did is in its log, and what Kafka has the oracle reads.
"""

import os
import subprocess

import pytest
from rig import proxy as actions
from rig.agent import EX_CONFIG, EX_UNAVAILABLE
from rig.frames import (
    DUPLICATE_SEQUENCE_NUMBER,
    INIT_PRODUCER_ID,
    INVALID_PRODUCER_EPOCH,
    METADATA,
    UNKNOWN_TOPIC_OR_PARTITION,
    UNSUPPORTED_COMPRESSION_TYPE,
    epoch,
    topic_error,
)
from rig.proxy import FORGED
from rig.wait import last, wait_for
from rig.writer import Load

OLD_LIBRARY = """
int rd_kafka_version(void) { return 0x010802ff; }
const char *rd_kafka_version_str(void) { return "1.8.2"; }
"""
LAST_EPOCH = 32767


@pytest.fixture
def flow(broker, own_topic, proxy, make_lineage, make_agent, make_oracle):
    """Three files under load through the proxy; flow.finish() gives the verdict and the counters."""

    class Flow:
        def __init__(self):
            self.lineages = [make_lineage(name) for name in "abc"]
            self.requests = []
            proxy.rule = self.requests.append  # None: forwarded
            self.agent = make_agent(proxy.bootstrap, own_topic).start()
            self.oracle = make_oracle(broker, own_topic, self.lineages)
            self.loads = [Load(lineage, rate=2000) for lineage in self.lineages]
            self.progress()

        def progress(self):
            goal = self.oracle.in_topic() + 3000
            wait_for(lambda: self.oracle.in_topic() > goal, 30, "progress")

        def once(self, action):
            """Done to the next request of several records, which is given back when it was."""
            done = []

            def rule(request):
                self.requests.append(request)
                if done or request.records < 20:
                    return None
                done.append(request)
                return action

            proxy.rule = rule
            wait_for(lambda: proxy.faults(action), 20, "the fault")
            return done[0]

        def stop(self):
            written = sum(load.stop() for load in self.loads)
            self.agent.counted(lines_delivered=written)
            self.agent.stop()
            self.agent.assert_true(read=written)
            return self.oracle.judge(), self.agent.counters()

    return Flow()


@pytest.mark.scenario("E05")
def test_a_library_that_loses_what_it_reports_is_refused(
    work, cluster, topic, make_lineage, make_agent, make_oracle
):
    """It is told its name, reads nothing, and sends nothing."""
    source, library = work / "old.c", work / "old.so"
    source.write_text(OLD_LIBRARY)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    lineage = make_lineage("a").append(1000)
    agent = make_agent(cluster.bootstrap, topic)
    agent.env = {**os.environ, "LD_PRELOAD": str(library)}
    version = subprocess.check_output([agent.program, "--version"], env=agent.env, text=True)
    assert "librdkafka 1.8.2 (too old)" in version
    assert agent.run() == EX_UNAVAILABLE
    assert agent.says("librdkafka 1.8.2 loses records", "1.9.0"), agent.messages()
    oracle = make_oracle(cluster, topic, [lineage])
    assert oracle.in_topic() == 0
    agent.env = None
    assert agent.run("--until-eof") == 0
    oracle.judge().assert_clean(written=1000)


@pytest.mark.scenario("E05")
def test_a_topic_is_unknown_for_a_moment(flow, proxy, own_topic):
    """After which numbers must not begin anew: what is reported is in the topic."""
    for _ in range(3):
        before = len(proxy.faults(FORGED))
        proxy.forge = {METADATA: topic_error(own_topic, UNKNOWN_TOPIC_OR_PARTITION)}
        proxy.reset_all()  # it asks, since its leaders are gone
        wait_for(lambda: len(proxy.faults(FORGED)) >= before + 2, 60, "lies about the topic")
        proxy.forge = {}
        flow.progress()
    verdict, counters = flow.stop()
    assert verdict.DUP <= counters["maybe_persisted"], (verdict, counters)
    verdict.assert_clean(verdict.written, dup=verdict.DUP)
    assert counters["lines_delivered"] == verdict.records - verdict.DUP


@pytest.mark.parametrize("written", [True, False])
@pytest.mark.scenario("E05")
def test_receipts_without_an_offset_are_counted(flow, proxy, written):
    """Whether Kafka had the records or, as with a library that begins its numbers anew, never got
    them, it answers in the same way: that many lines may be missing, and no others."""
    action = DUPLICATE_SEQUENCE_NUMBER
    denied = flow.once((actions.INSTEAD, action) if written else action)
    flow.progress()
    verdict, counters = flow.stop()
    assert counters["reports_without_offset"] == denied.records > 1
    assert verdict.LOST == (0 if written else denied.records), verdict
    assert verdict.DUP <= counters["maybe_persisted"], (verdict, counters)
    assert (verdict.CORRUPT, verdict.WRONG, verdict.ORDER) == (0, 0, 0), verdict


@pytest.mark.scenario("E09")
def test_the_last_epoch_of_a_producer(broker, own_topic, proxy, make_lineage, make_agent, make_oracle):
    """It cannot go on by another number: the producer is replaced, and so is the next one."""
    proxy.forge = {INIT_PRODUCER_ID: epoch(LAST_EPOCH)}
    lineage, requests = make_lineage("a"), []
    proxy.rule = requests.append
    agent = make_agent(proxy.bootstrap, own_topic).start()
    oracle = make_oracle(broker, own_topic, [lineage])
    load = Load(lineage, rate=3000)
    for lives in range(1, 4):
        goal = oracle.in_topic() + 2000
        wait_for(lambda: oracle.in_topic() > goal, 30, "progress")
        done = []

        def rule(request):
            requests.append(request)
            if not done and request.records > 20:
                done.append(request)
                return INVALID_PRODUCER_EPOCH
            return None

        proxy.rule = rule
        agent.counted(producers_made=lives + 1)
    written = load.stop()
    agent.counted(lines_delivered=written)
    agent.stop()
    agent.assert_true(read=written)
    verdict, counters = oracle.judge(), agent.counters()
    batches = [batch for request in requests for batch in request.batches]
    assert len(proxy.faults(INVALID_PRODUCER_EPOCH)) == 3
    assert len(proxy.faults(FORGED)) >= 4
    assert {batch.epoch for batch in batches} == {LAST_EPOCH}
    refused = [event.request.batches[0] for event in proxy.faults(INVALID_PRODUCER_EPOCH)]
    assert len({batch.producer_id for batch in refused}) == 3, "each met a new producer"
    assert counters["producers_made"] == 4, counters
    assert verdict.DUP <= counters["maybe_persisted"], (verdict, counters)
    verdict.assert_clean(written, dup=verdict.DUP)


@pytest.mark.scenario("E32")
def test_nothing_goes_in_transactions(flow, proxy, make_agent):
    """A property that wants them is refused; no request has their id, no batch their mark, and no
    partition holds the record that ends one."""
    flow.once(actions.DROP)
    flow.progress()
    verdict, counters = flow.stop()
    assert len(flow.requests) > 10
    assert {request.transactional_id for request in flow.requests} == {None}
    assert not any(batch.transactional for request in flow.requests for batch in request.batches)
    verdict.assert_clean(verdict.written, dup=verdict.DUP)
    assert verdict.DUP <= counters["maybe_persisted"], (verdict, counters)
    assert flow.oracle.in_topic() == verdict.records
    agent = make_agent(proxy.bootstrap, "t", kafka={"transactional_id": "mine"})
    assert agent.run() == EX_CONFIG
    assert agent.says("transactional_id", "waybill does not use transactions"), agent.messages()


@pytest.mark.scenario("E16")
def test_brokers_cannot_read_the_compression(flow, proxy):
    """It is told by the setting's name, does not spin, and goes on when they can."""

    def rule(request):
        flow.requests.append(request)
        return UNSUPPORTED_COMPRESSION_TYPE

    proxy.rule = rule
    flow.agent.wait_says("kafka.compression_type", "UNSUPPORTED_COMPRESSION_TYPE")
    spent, asked = flow.agent.cpu_seconds(), len(flow.requests)
    last(5)
    assert flow.agent.cpu_seconds() - spent < 2, "it spins"
    assert len(flow.requests) - asked < 100, "it spins"
    assert proxy.faults(UNSUPPORTED_COMPRESSION_TYPE)
    proxy.rule = None
    verdict, counters = flow.stop()
    assert verdict.DUP <= counters["maybe_persisted"], (verdict, counters)
    verdict.assert_clean(verdict.written, dup=verdict.DUP)
