# SPDX-License-Identifier: Apache-2.0
"""A backlog of several times the memory that is used for it."""

import pytest
from rig.process import peak_rss_kib, status
from rig.wait import last, wait_for

FILES = 40
LINES = 20000  # a file, of some 170 bytes each
CYCLES = 3
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


def rss_mib(agent):
    return int(status(agent.process.pid)["VmRSS"].split()[0]) >> 10


def until_full(agent):
    """It reads no more; how many lines it has read by then."""
    read = []

    def full():
        last(1)
        read.append(agent.counters()["lines_read"])
        return len(read) >= 3 and read[-3] == read[-1] > 0

    wait_for(full, 60, lambda: f"a full queue: {read[-3:]}")
    return read[-1]


@pytest.mark.scenario("E27")
def test_memory_is_given_back(broker, own_topic, make_lineage, make_agent, make_oracle):
    """Each time the broker stands still the queue fills, with large records and with small ones; and
    however often that was, no more is held for it than the first time."""
    lineages = [
        make_lineage("large", big={n: 20000 for n in range(0, LINES, 3)}).append(1),
        make_lineage("small").append(1),
    ]
    agent = make_agent(broker.bootstrap, own_topic).start()
    oracle = make_oracle(broker, own_topic, lineages)
    held, left, written = [], [], 2
    agent.counted(lines_delivered=written)
    for _ in range(CYCLES):
        broker.freeze()
        try:
            lineages[0].append(3000)
            lineages[1].append(LINES)
            written += 3000 + LINES
            assert until_full(agent) < written, "nothing waits for room"
            held.append(rss_mib(agent))
        finally:
            broker.thaw()
        agent.counted(lines_delivered=written, deadline=60)
        left.append(rss_mib(agent))
    peak = peak_rss_kib(agent.process.pid) >> 10
    print(f"held {held}, left {left}, peak {peak} MiB")
    assert peak < MEMORY_MIB
    assert left[-1] <= left[0] + 4, "it grows"
    agent.stop()
    wait_for(oracle.complete, 60, "all lines")
    agent.assert_true(read=written)
    oracle.judge().assert_clean(written=written)
