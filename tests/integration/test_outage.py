# SPDX-License-Identifier: Apache-2.0
"""The broker is frozen, or dead and back again: nothing is lost, repeated or burnt meanwhile."""

import time

import pytest
from rig.wait import last, wait_for
from rig.writer import Load

FROZEN = 20
DEAD = 3
CPU_SHARE = 0.2  # one that runs in a circle takes a whole one; what it takes is measured by the bench
LIVE = 10


@pytest.fixture
def under_load(broker, own_topic, make_lineage, make_agent, make_oracle):
    """run(outage): load before, during and after outage(); gives agent, verdict, share of a core."""

    def run(outage):
        lineages = [make_lineage(name) for name in "ab"]
        agent = make_agent(broker.bootstrap, own_topic).start()
        oracle = make_oracle(broker, own_topic, lineages)
        loads = [Load(lineage, rate=2000) for lineage in lineages]
        wait_for(lambda: oracle.in_topic() > 2000, 20, "load to flow")
        share = outage(agent)
        before = oracle.in_topic()
        wait_for(lambda: oracle.in_topic() > before, LIVE, "the first new acknowledgement (LIVE)")
        written = sum(load.stop() for load in loads)
        wait_for(lambda: oracle.in_topic() >= written, 30, "the backlog")
        agent.stop()
        verdict = oracle.judge()
        agent.assert_true(read=written)
        assert share < CPU_SHARE, f"{share:.1%} of a core"
        return agent, verdict, written

    return run


class Meter:
    """The agent's share of a core over a time."""

    def __init__(self, agent):
        self.agent = agent
        self.cpu = agent.cpu_seconds()
        self.begin = time.monotonic()

    def share(self):
        return (self.agent.cpu_seconds() - self.cpu) / (time.monotonic() - self.begin)


@pytest.mark.scenario("E01", "E20", "G01")
def test_broker_frozen(broker, under_load):
    def outage(agent):
        broker.freeze()
        try:
            meter = Meter(agent)
            last(FROZEN)
            share = meter.share()
            assert agent.running()
            counters = agent.counters()
            assert counters["lines_read"] > counters["lines_delivered"], "nothing was under way"
        finally:
            broker.thaw()
        return share

    agent, verdict, written = under_load(outage)
    verdict.assert_clean(written)


@pytest.mark.scenario("E19")
def test_broker_killed(broker, under_load):
    def outage(agent):
        meter = Meter(agent)
        broker.kill()
        try:
            last(DEAD)
        finally:
            broker.start()
        return meter.share()

    agent, verdict, written = under_load(outage)
    verdict.assert_clean(written)
