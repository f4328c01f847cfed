# SPDX-License-Identifier: Apache-2.0
"""The producer breaks under load: it is disposed of, and only what the broker may hold comes again.

The proxy answers a Produce request with OUT_OF_ORDER_SEQUENCE_NUMBER without showing it to the
broker: librdkafka raises a fatal error, while requests to other partitions are under way.
"""

import pytest
from rig import proxy as actions
from rig.frames import OUT_OF_ORDER_SEQUENCE_NUMBER
from rig.wait import wait_for
from rig.writer import Load

PARTITIONS = range(6)


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
