# SPDX-License-Identifier: Apache-2.0
"""Agents of one state directory that overlap: each new one starts while the old one still ends."""

import signal

import pytest
from rig.agent import EX_OK, EX_UNAVAILABLE
from rig.wait import wait_for
from rig.writer import Load

STARTS = 12


@pytest.mark.timeout(300)
@pytest.mark.scenario("F09", "B10")
def test_a_storm_of_restarts(cluster, topic, make_lineage, make_agent, make_oracle):
    """Under load one at a time has the directory; who comes too early names it and who has it, ends,
    and is started again, as a service manager does it. No line is lost or comes twice."""
    lineages = [make_lineage(name) for name in "ab"]
    oracle = make_oracle(cluster, topic, lineages)
    loads = [Load(lineage, rate=3000) for lineage in lineages]
    agents = [make_agent(cluster.bootstrap, topic) for _ in range(2)]
    agents[1].state = agents[0].state
    old, new = agents
    old.start()
    read, refused = [], 0
    for _ in range(STARTS):
        goal = oracle.in_topic() + 500
        wait_for(lambda: oracle.in_topic() > goal, 30, "lines flow")
        holder = old.process.pid
        # Before the old one is asked to end, so that there is one that overlaps at least.
        assert new.run(deadline=10) == EX_UNAVAILABLE, new.messages()
        assert new.says(old.state, holder), new.messages()
        refused += 1
        old.signal(signal.SIGTERM)
        while True:
            new.start()
            if wait_for(lambda: not new.running() or new.says("started:"), 20, "one or the other") and new.running():
                break
            assert new.wait_exit(10) == EX_UNAVAILABLE, new.messages()
            assert new.says(old.state), new.messages()
            refused += 1
        assert old.wait_exit(40) == EX_OK, old.messages()
        read.append(old.counters()["lines_read"])
        old, new = new, old
    written = sum(load.stop() for load in loads)
    wait_for(oracle.complete, 30, lambda: f"{oracle.missing()} missing")
    old.stop()
    read.append(old.counters()["lines_read"])
    assert refused >= STARTS and all(read), (refused, read)
    assert sum(read) == written
    oracle.judge().assert_clean(written)
