# SPDX-License-Identifier: Apache-2.0
"""A service manager that does not read what it is told does not stop the lines."""

import os
import socket

import pytest
from rig.agent import EX_OK
from rig.wait import wait_for


@pytest.fixture
def deaf_manager():
    """The environment of a service whose manager's queue is full, and stays so."""
    name = f"waybill-test-deaf-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other, pytest.raises(BlockingIOError):
            other.setblocking(False)
            while True:
                other.sendto(b"x", "\0" + name)
        yield {**os.environ, "NOTIFY_SOCKET": f"@{name}"}


@pytest.mark.scenario("F08")
def test_manager_does_not_read(
    cluster, topic, deaf_manager, make_lineage, make_agent, make_oracle
):
    lineage = make_lineage("a").append(1000)
    agent = make_agent(cluster.bootstrap, topic)
    agent.env = deaf_manager
    agent.start()
    oracle = make_oracle(cluster, topic, [lineage])
    wait_for(oracle.complete, 20, "all lines")
    agent.stop(expect=EX_OK)
    oracle.judge().assert_clean(written=1000)


@pytest.mark.scenario("E31")
def test_nothing_is_forked(cluster, topic, work, make_lineage, make_agent, make_oracle):
    """The process that was started does the work: from its start to its end it makes threads and no
    other process, through a restart in place too."""
    lineage = make_lineage("a").append(1000)
    agent = make_agent(cluster.bootstrap, topic)
    calls = "trace=fork,vfork,clone,clone3"
    agent.prefix = ["strace", "-D", "-f", "-qq", "-e", calls, "-e", "signal=none", "-o", work / "trace"]
    agent.start()
    oracle = make_oracle(cluster, topic, [lineage])
    agent.counted(lines_delivered=1000)
    agent.ask_restart()
    wait_for(lambda: agent.messages().count("started:") == 2, 30, "a restart in place")
    lineage.append(1000)
    wait_for(oracle.complete, 30, "all lines")
    agent.stop(expect=EX_OK)
    made = [line for line in (work / "trace").read_text().splitlines() if "(" in line]
    assert len(made) > 4 and all("CLONE_THREAD" in line for line in made), made
    oracle.judge().assert_clean(written=2000)
