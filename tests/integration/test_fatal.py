# SPDX-License-Identifier: Apache-2.0
"""The producer breaks under load: it is disposed of, and only what the broker may hold comes again.

The proxy answers a Produce request with OUT_OF_ORDER_SEQUENCE_NUMBER without showing it to the
broker: librdkafka raises a fatal error, while requests to other partitions are under way.
"""

import os

import pytest
from rig import proxy as actions
from rig.frames import OUT_OF_ORDER_SEQUENCE_NUMBER
from rig.process import peak_rss_kib
from rig.wait import wait_for
from rig.writer import Load

PARTITIONS = range(6)
RESETS = 40


@pytest.fixture
def flow(broker, own_topic, proxy, make_lineage, make_agent, make_oracle):
    """Three files under load through the proxy; flow.finish() gives the verdict and the counters."""

    class Flow:
        def __init__(self):
            self.lineages = [make_lineage(name) for name in "abc"]
            self.agent = make_agent(proxy.bootstrap, own_topic).start()
            self.oracle = make_oracle(broker, own_topic, self.lineages)
            self.loads = [Load(lineage, rate=5000) for lineage in self.lineages]
            self.progress()

        def progress(self):
            """Another 5,000 records: the last fault is overcome."""
            goal = self.oracle.in_topic() + 5000
            wait_for(lambda: self.oracle.in_topic() > goal, 30, "progress")

        def finish(self):
            written = sum(load.stop() for load in self.loads)
            wait_for(self.oracle.complete, 30, lambda: f"{self.oracle.missing()} missing")
            self.agent.stop()
            self.agent.assert_true(read=written)
            return self.oracle.judge(), self.agent.counters()

    return Flow()


def once_for(partition, action):
    """A rule that does `action` to the first Produce request with this partition."""
    done = []

    def rule(request):
        if not done and any(batch.partition == partition for batch in request.batches):
            done.append(request)
            return action
        return None

    return rule


@pytest.mark.scenario("E04")
def test_fatal_errors_on_six_partitions(flow, proxy):
    for partition in PARTITIONS:
        proxy.rule = once_for(partition, OUT_OF_ORDER_SEQUENCE_NUMBER)
        wait_for(
            lambda: len(proxy.faults(OUT_OF_ORDER_SEQUENCE_NUMBER)) == partition + 1, 20, "a fault"
        )
        flow.progress()
    verdict, counters = flow.finish()

    faults = proxy.faults(OUT_OF_ORDER_SEQUENCE_NUMBER)
    assert [event.request.batches[0].partition for event in faults] == list(PARTITIONS)
    assert all(event.request.records > 0 for event in faults)
    assert counters["rewinds"] >= 6
    assert counters["reports_failed"] >= sum(event.request.records for event in faults)
    assert verdict.DUP <= counters["maybe_persisted"], verdict
    verdict.assert_clean(verdict.written, dup=verdict.DUP)
    producers = {batch.producer_id for event in faults for batch in event.request.batches}
    assert len(producers) == 6, "each fatal error met a new producer"


@pytest.mark.scenario("E07")
def test_answers_lost_after_the_append(flow, proxy):
    """The broker knows the retry by its sequence number. Where the library makes a fatal error of
    it all the same, what is possibly persisted may come again."""
    for partition in PARTITIONS:
        proxy.rule = once_for(partition, actions.DROP)
        wait_for(lambda: len(proxy.faults(actions.DROP)) == partition + 1, 20, "a lost answer")
        flow.progress()
    verdict, counters = flow.finish()
    assert all(event.request.records > 0 for event in proxy.faults(actions.DROP))
    assert verdict.DUP <= counters["maybe_persisted"], verdict
    verdict.assert_clean(verdict.written, dup=verdict.DUP)


def test_connections_reset(flow, proxy):
    for partition in PARTITIONS:
        proxy.rule = once_for(partition, actions.RESET)
        wait_for(lambda: len(proxy.faults(actions.RESET)) == partition + 1, 20, "a reset")
        flow.progress()
    verdict, counters = flow.finish()
    assert verdict.DUP <= counters["maybe_persisted"], verdict
    verdict.assert_clean(verdict.written, dup=verdict.DUP)


@pytest.mark.scenario("E28")
def test_connections_that_fail_again_and_again_leave_nothing(
    broker, own_topic, proxy, make_lineage, make_agent, make_oracle
):
    """Neither descriptors nor memory, nor repeats."""
    lineage = make_lineage("a")
    agent = make_agent(proxy.bootstrap, own_topic, kafka={"reconnect_backoff_max_ms": 100}).start()
    oracle = make_oracle(broker, own_topic, [lineage])
    load = Load(lineage, rate=1000)
    costs = []
    for _ in range(2):
        for _ in range(RESETS):
            before = proxy.produce_requests
            proxy.reset_all()
            wait_for(lambda: proxy.produce_requests > before + 2, 20, "requests on a new connection")
        costs.append((len(os.listdir(f"/proc/{agent.process.pid}/fd")), peak_rss_kib(agent.process.pid)))
    (fds, memory), (fds_later, memory_later) = costs
    assert fds_later <= fds + 2, costs
    assert memory_later <= memory + 4096, costs
    written = load.stop()
    wait_for(oracle.complete, 30, lambda: f"{oracle.missing()} missing")
    agent.stop()
    agent.assert_true(read=written)
    verdict, counters = oracle.judge(), agent.counters()
    assert verdict.DUP <= counters["maybe_persisted"], (verdict, counters)
    verdict.assert_clean(written, dup=verdict.DUP)
