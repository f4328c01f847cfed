# SPDX-License-Identifier: Apache-2.0
"""A million lines from three files to six partitions: every one arrives, once, as it should be."""

import pytest
from rig.wait import wait_for


@pytest.mark.scenario("G01")
def test_million_lines(cluster, topic, make_lineage, make_agent, make_oracle):
    """Half is there at the start (catching up), half is written meanwhile (tailing)."""
    lineages = [make_lineage(name, keys=5000, unmatched_every=1000) for name in "abc"]
    counts = (333334, 333333, 333333)
    for lineage, count in zip(lineages, counts):
        lineage.append(count // 2)
    agent = make_agent(cluster.bootstrap, topic).start()
    for lineage, count in zip(lineages, counts):
        lineage.append(count - len(lineage))
    oracle = make_oracle(cluster, topic, lineages)
    wait_for(lambda: oracle.in_topic() >= 1000000, 60, lambda: f"{oracle.in_topic()} of a million")
    agent.stop()
    oracle.judge().assert_clean(written=1000000)
    agent.assert_true(read=1000000)
    unmatched = sum(not lines.lines.matches(i) for lines in lineages for i in range(len(lines)))
    assert agent.counters()["lines_unmatched"] == unmatched == 1002
