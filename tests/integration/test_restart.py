# SPDX-License-Identifier: Apache-2.0
"""Stop and start with a healthy broker lose nothing and repeat nothing."""

import os
import random

import pytest
from rig.wait import last, wait_for
from rig.writer import Load

LONG = bool(os.environ.get("WAYBILL_LONG"))
STOPS = 300 if LONG else 20


@pytest.mark.long
@pytest.mark.timeout(7200 if LONG else 300)
@pytest.mark.scenario("E26")
def test_20_stops_at_random_instants(cluster, topic, make_lineage, make_agent, make_oracle):
    chance = random.Random(20)
    lineages = [make_lineage(name) for name in "ab"]
    loads = [Load(lineage, rate=10000) for lineage in lineages]
    agent = make_agent(cluster.bootstrap, topic)
    read = []
    for _ in range(STOPS):
        agent.start()
        last(chance.uniform(0.05, 0.5))
        agent.stop()
        read.append(agent.counters()["lines_read"])
    written = sum(load.stop() for load in loads)
    agent.start()
    oracle = make_oracle(cluster, topic, lineages)
    wait_for(lambda: oracle.in_topic() >= written, 30, "the rest")
    agent.stop()
    read.append(agent.counters()["lines_read"])

    oracle.judge().assert_clean(written)
    assert agent.lives == STOPS + 1
    assert sum(count > 0 for count in read) > STOPS // 2, f"no load at the stops: {read}"
    assert sum(read) == written


def test_stop_without_anything_to_do(cluster, topic, make_lineage, make_agent, make_oracle):
    lineage = make_lineage("a").append(1000)
    agent = make_agent(cluster.bootstrap, topic)
    oracle = make_oracle(cluster, topic, [lineage])
    agent.start()
    wait_for(lambda: oracle.in_topic() >= 1000, 20, "all lines")
    agent.stop()
    for _ in range(3):
        agent.start()
        assert agent.counters()["lines_read"] == 0
        agent.stop()
    oracle.judge().assert_clean(written=1000)
