# SPDX-License-Identifier: Apache-2.0
"""Hints come faster than they are taken, and the kernel's queue of them overflows."""

import multiprocessing
import os
import signal

import pytest
from rig.agent import EX_OK

FILES = 20000
WRITERS = 2


def storm(directory, number):
    """By turns, or the kernel would merge the hints."""
    files = [os.open(directory / f"storm-{number}-{i}.log", os.O_WRONLY | os.O_CREAT) for i in (0, 1)]
    while True:
        for file in files:
            os.pwrite(file, b"x", 0)


@pytest.mark.scenario("D01")
def test_storm_of_hints(cluster, topic, work, make_lineage, make_agent, make_oracle):
    """It never started, grew by 22 MB a second, and SIGTERM was ignored."""
    for i in range(FILES):
        (work / "log" / f"{i}.log").touch()
    lineage = make_lineage("a").append(1000)
    writers = [
        multiprocessing.get_context("fork").Process(target=storm, args=(work / "log", i), daemon=True)
        for i in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    try:
        agent = make_agent(cluster.bootstrap, topic).start()
        agent.counted(lines_delivered=1000, deadline=60)
        agent.wait_says("more was written than its queue holds", deadline=60)
        lineage.append(1000)
        agent.counted(lines_delivered=2000)
        agent.signal(signal.SIGTERM)
        assert agent.wait_exit(40) == EX_OK
    finally:
        for writer in writers:
            writer.kill()
            writer.join()
    make_oracle(cluster, topic, [lineage]).judge().assert_clean(written=2000)
