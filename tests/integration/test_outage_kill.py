# SPDX-License-Identifier: Apache-2.0
"""Killed, or asked to stop, in the middle of an outage: nothing is lost.

This is where agents lose that count a line as delivered when it is queued: positions are stored
while thousands of records are under way.
"""

import time

import pytest
from rig.wait import wait_for
from rig.writer import Load

SHUTDOWN = 2
LATEST = 5  # s; the interval of checkpoints is 1 s


@pytest.fixture
def in_outage(broker, own_topic, make_lineage, make_agent, make_oracle):
    """run(end): under load the broker freezes, thousands of records are under way, and positions are
    stored after that; end(agent) ends the agent; the verdict is that of a second life, thawed."""

    def run(end):
        lineages = [make_lineage(name) for name in "abc"]
        agent = make_agent(broker.bootstrap, own_topic, shutdown_timeout=f"{SHUTDOWN}s").start()
        oracle = make_oracle(broker, own_topic, lineages)
        loads = [Load(lineage, rate=5000) for lineage in lineages]
        wait_for(lambda: oracle.in_topic() > 10000, 30, "load to flow")
        broker.freeze()
        try:
            frozen = time.monotonic()
            stored = agent.counters()["checkpoints"]
            agent.counted(in_flight=5000)
            # The last reports before the freeze are written down now, with all that is under way.
            wait_for(
                lambda: agent.counters()["checkpoints"] > stored
                or time.monotonic() > frozen + LATEST,
                2 * LATEST,
                "a checkpoint in the outage",
            )
            in_flight = agent.counters()["in_flight"]
            end(agent)
        finally:
            broker.thaw()
        written = sum(load.stop() for load in loads)
        oracle.settled_ends()
        assert agent.run("--until-eof") == 0
        assert in_flight >= 5000, "nothing was under way"
        return oracle.judge(), written, in_flight

    return run


def judge(verdict, written, in_flight):
    assert verdict.LOST == 0, verdict
    assert (verdict.ORDER, verdict.CORRUPT, verdict.WRONG) == (0, 0, 0), verdict
    assert verdict.written == written, verdict
    # What the broker appended of the requests that it had when it froze, and no more.
    assert verdict.DUP <= in_flight, verdict


@pytest.mark.scenario("B01")
def test_killed_in_an_outage(in_outage):
    judge(*in_outage(lambda agent: agent.kill()))


@pytest.mark.scenario("B01")
def test_stopped_in_an_outage(in_outage):
    judge(*in_outage(lambda agent: agent.stop()))
