# SPDX-License-Identifier: Apache-2.0
"""The clock of the day jumps under load, forward and back: nobody waits for it.

Only the agent sees the jumps (rig/jump.c). What the kernel does to those who wait for a time of the day
when it is set is not shown by that."""

import os
import struct
import subprocess
from pathlib import Path

import pytest
from rig.writer import Load

SOURCE = Path(__file__).parent / "rig" / "jump.c"
HOUR = 3600


@pytest.fixture
def clock(work):
    """An environment in which it jumps, and a function that has it do so: seconds ahead of the true one."""
    library, file = work / "jump.so", work / "jump"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)

    def jump(seconds):
        with open(file, "r+b" if file.exists() else "wb", buffering=0) as to:
            to.write(struct.pack("=q", seconds))

    jump(0)
    return {**os.environ, "LD_PRELOAD": str(library), "CLOCK_JUMP": str(file)}, jump


@pytest.mark.scenario("F07")
def test_the_clock_jumps(cluster, topic, clock, make_lineage, make_agent, make_oracle):
    """Kafka takes no record that is more than an hour ahead of its own clock, so it goes half of that."""
    env, jump = clock
    lineage = make_lineage("a")
    agent = make_agent(cluster.bootstrap, topic)
    agent.env = env
    agent.start()
    oracle = make_oracle(cluster, topic, [lineage])
    load = Load(lineage, rate=500)
    agent.counted(lines_delivered=500)
    for seconds in (HOUR // 2, -24 * HOUR, 0, -30 * 24 * HOUR, HOUR // 2):
        jump(seconds)
        before = agent.counters()
        agent.counted(
            deadline=10,
            lines_delivered=before["lines_delivered"] + 500,
            checkpoints=before["checkpoints"] + 2,
        )
    written = load.stop()
    agent.counted(lines_delivered=written)
    agent.stop()
    agent.assert_true(read=written)
    counters = agent.counters()
    assert (counters["producers_made"], counters["rewinds"], counters["lines_dead"]) == (1, 0, 0), counters
    said = [line for line in agent.messages().splitlines() if "warning:" in line or "error:" in line]
    assert not said, said
    times = oracle.read().times
    assert max(times) - min(times) > 1000 * 30 * 24 * HOUR, "the clock did not jump"
    oracle.judge().assert_clean(written=written)
