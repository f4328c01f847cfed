# SPDX-License-Identifier: Apache-2.0
"""A backlog of several times the memory that is used for it."""

import pytest
from rig.process import peak_rss_kib
from rig.wait import wait_for

FILES = 40
LINES = 20000  # a file, of some 170 bytes each
MEMORY_MIB = 64  # with chunk_memory, the queue and the library


@pytest.mark.scenario("F06", "D08")
def test_a_backlog_larger_than_memory(
    cluster, topic, work, make_lineage, make_agent, make_oracle
):
    """First no broker takes it, then it is shipped: neither costs memory."""
    lineages = [make_lineage(f"f{number:02}").append(LINES) for number in range(FILES)]
    backlog = sum(path.stat().st_size for path in (work / "log").iterdir()) >> 20
    assert backlog > 2 * MEMORY_MIB - 16, backlog
    agent = make_agent(cluster.bootstrap, topic).start()
    oracle = make_oracle(cluster, topic, lineages)
    agent.counted(lines_delivered=FILES * LINES, deadline=120)
    peak = peak_rss_kib(agent.process.pid) >> 10
    print(f"backlog {backlog} MiB, peak {peak} MiB")
    assert peak < MEMORY_MIB
    agent.stop()
    wait_for(oracle.complete, 60, "all lines")
    agent.assert_true(read=FILES * LINES)
    oracle.judge().assert_clean(written=FILES * LINES)
